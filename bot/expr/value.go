package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// value gives raw, as decoded from JSON or YAML, the type t. What is absent, null or of another shape reads as the
// zero of t: the Hub may change shape, and an event must not be lost by it.
func (t *typeTable) value(typ *cel.Type, raw any) ref.Val {
	switch typ.Kind() {
	case types.StringKind:
		return types.String(asText(raw))
	case types.BoolKind:
		b, _ := raw.(bool)
		return types.Bool(b)
	case types.IntKind:
		return types.Int(asInteger(raw))
	case types.DoubleKind:
		n := asNumber(raw)
		return types.Double(n)
	case types.TimestampKind:
		return asTimestamp(raw)
	case types.ListKind:
		return t.list(typ.Parameters()[0], raw)
	case types.MapKind:
		m, _ := raw.(map[string]any)
		return t.NativeToValue(plain(m))
	case types.StructKind:
		return t.object(typ.TypeName(), raw)
	}
	return t.NativeToValue(plain(raw))
}

func (t *typeTable) object(name string, raw any) *object {
	m, _ := raw.(map[string]any)
	return &object{types: t, typ: t.records[name], values: m}
}

// list reads a list; a single text becomes a list of one, as model cards have it (language: en).
func (t *typeTable) list(elem *cel.Type, raw any) ref.Val {
	if elem.Kind() == types.StringKind {
		return types.NewStringList(t, asTexts(raw))
	}
	v := reflect.ValueOf(raw)
	if !v.IsValid() || v.Kind() != reflect.Slice {
		return types.NewRefValList(t, nil)
	}
	vals := make([]ref.Val, v.Len())
	for i := range vals {
		vals[i] = t.value(elem, v.Index(i).Interface())
	}
	return types.NewRefValList(t, vals)
}

func asText(raw any) string {
	switch v := raw.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	return ""
}

func asTexts(raw any) []string {
	switch v := raw.(type) {
	case []string:
		return v
	case string:
		return []string{v}
	case []any:
		list := make([]string, 0, len(v))
		for _, e := range v {
			if s, ok := e.(string); ok {
				list = append(list, s)
			} else if e != nil {
				list = append(list, fmt.Sprint(e))
			}
		}
		return list
	}
	return []string{}
}

// asInteger reads a whole number exactly; of a fraction, what is before the point.
func asInteger(raw any) int64 {
	switch v := raw.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
	case int64:
		return v
	case int:
		return int64(v)
	}
	n := asNumber(raw)
	switch { // the conversion of what an int64 cannot hold is not defined
	case n >= math.MaxInt64:
		return math.MaxInt64
	case n <= math.MinInt64:
		return math.MinInt64
	case n != n:
		return 0
	}
	return int64(n)
}

// asNumber reads any number, a fraction is kept; what is no number reads as 0.
func asNumber(raw any) float64 {
	switch v := raw.(type) {
	case json.Number:
		if n, err := v.Float64(); err == nil {
			return n
		}
		return 0
	case float64:
		return v
	}
	v := reflect.ValueOf(raw)
	switch {
	case !v.IsValid():
		return 0
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	}
	return 0
}

func asTimestamp(raw any) ref.Val {
	switch v := raw.(type) {
	case time.Time:
		return types.Timestamp{Time: v}
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return types.Timestamp{Time: at}
		}
	}
	return types.Timestamp{Time: time.Unix(0, 0).UTC()}
}

// plain turns json.Number into int64 or float64, all the way down.
func plain(raw any) any {
	switch v := raw.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plain(e)
		}
		return m
	}
	return raw
}

// native turns a CEL value into what JSON knows: text, numbers, bool, lists, maps, nil. Times and durations become
// text.
func native(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		if uint64(v) > math.MaxInt64 {
			return nil, fmt.Errorf("%d is too large", uint64(v))
		}
		return int64(v), nil
	case types.Bytes:
		return string(v), nil
	case types.String, types.Bool, types.Double:
		return v.Value(), nil
	case types.Timestamp, types.Duration:
		return joinable(v)
	case *types.Optional:
		if !v.HasValue() {
			return nil, nil
		}
		return native(v.GetValue())
	case *object:
		return plain(v.values), nil
	case traits.Mapper:
		return nativeMap(v)
	case traits.Lister:
		return nativeList(v)
	}
	return nil, fmt.Errorf("a value of type %s cannot be an input", v.Type().TypeName())
}

func nativeList(l traits.Lister) (any, error) {
	list := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		e, err := native(it.Next())
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func nativeMap(m traits.Mapper) (any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, err := joinable(key)
		if err != nil {
			return nil, fmt.Errorf("key of a map: %w", err)
		}
		if out[name], err = native(m.Get(key)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// joinable writes a value that may stand within text.
func joinable(v ref.Val) (string, error) {
	switch v := v.(type) {
	case types.String:
		return string(v), nil
	case types.Int, types.Uint, types.Bool, types.Double, types.Timestamp, types.Duration:
		s, ok := v.ConvertToType(types.StringType).(types.String)
		if ok {
			return string(s), nil
		}
	}
	return "", fmt.Errorf("a %s cannot be joined with text; a list can: .join(', ')", v.Type().TypeName())
}
