package expr

import (
	"maps"
	"math"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/hfbot/hfbot/internal/near"
)

// Misfit is a place of a payload that no rule would read as it is meant: a value of another type than the Hub sends, or a
// key that is like one the Hub sends and that is missing beside it.
type Misfit struct {
	Path []any  // keys and indexes, from the top of the payload
	Near string // the key that was probably meant; "" when it is the value that is wrong
	Want string // what the value must be, such as "text"
	Got  string // what it is, such as "a number"
}

// Misfits lists what does not fit in a payload that somebody wrote by hand, decoded from JSON. What the Hub sends is read
// as well as can be, but of a person a wrong shape is a mistake, and read as empty it would decide rules by accident.
// Keys that are unlike all known ones fit, since the Hub adds some as time goes by.
func Misfits(payload map[string]any) ([]Misfit, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	f := fitting{types: base.types}
	f.object(newRecord(typeEvent, payloadVariables...), payload, nil)
	return f.found, nil
}

// fitting walks through a payload along its types.
type fitting struct {
	types *typeTable
	found []Misfit
}

func (f *fitting) object(r *record, values map[string]any, path []any) {
	var missing []string
	for _, name := range r.order {
		if _, ok := values[name]; !ok {
			missing = append(missing, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := append(slices.Clone(path), name)
		if t, known := r.fields[name]; known {
			f.value(t, values[name], at)
		} else if best := near.Best(name, missing); best != "" && !r.open {
			f.found = append(f.found, Misfit{Path: at, Near: best})
		}
	}
}

// value compares a value with its type; null is the zero of all.
func (f *fitting) value(t *cel.Type, v any, path []any) {
	if v == nil {
		return
	}
	want, ok := "", true
	switch t.Kind() {
	case types.StringKind:
		_, ok = v.(string)
		want = "text"
	case types.BoolKind:
		_, ok = v.(bool)
		want = "true or false"
	case types.IntKind:
		var n float64
		n, ok = v.(float64)
		want, ok = "a whole number", ok && n == math.Trunc(n)
	case types.ListKind:
		var list []any
		list, ok = v.([]any)
		want = "a list"
		for i, entry := range list {
			f.value(t.Parameters()[0], entry, append(slices.Clone(path), i))
		}
	case types.StructKind:
		var values map[string]any
		values, ok = v.(map[string]any)
		want = "a mapping"
		f.object(f.types.records[t.TypeName()], values, path)
	}
	if !ok {
		f.found = append(f.found, Misfit{Path: path, Want: want, Got: shapeOf(v)})
	}
}

// shapeOf names what a value decoded from JSON is.
func shapeOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	}
	return "nothing"
}
