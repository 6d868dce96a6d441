package expr

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/hfbot/hfbot/actions"
)

// CheckFact tells what is wrong with a fact that somebody wrote by hand. What the Hub answers is read as well as can be,
// but of a person a wrong shape is a mistake, and read as empty it would decide rules by accident.
func CheckFact(name string, v any) error {
	if name == FactSHA {
		return checkGiven(cel.StringType, v)
	}
	i := slices.IndexFunc(factVariables, func(f field) bool { return f.name == name })
	if i < 0 {
		return fmt.Errorf("there is no fact %q", name)
	}
	return checkGiven(factVariables[i].typ, v)
}

// CheckOutput tells what is wrong with an output that a test says an action gave.
func CheckOutput(f actions.Field, v any) error { return checkGiven(fieldType(f), v) }

// checkGiven compares the outer shape of a value with a type; null is the zero of all.
func checkGiven(t *cel.Type, v any) error {
	want, ok := "", true
	switch t.Kind() {
	case types.StringKind:
		want, ok = "text", isScalar(v)
	case types.BoolKind:
		_, ok = v.(bool)
		want = "true or false"
	case types.IntKind, types.DoubleKind:
		want, ok = "a number", isNumber(v)
	case types.ListKind:
		want, ok = "a list", isList(v) || t.Parameters()[0].Kind() == types.StringKind && isScalar(v)
	case types.MapKind, types.StructKind:
		_, ok = v.(map[string]any)
		want = "a mapping"
	}
	if ok || v == nil {
		return nil
	}
	return fmt.Errorf("must be %s, got %v", want, v)
}

func isScalar(v any) bool {
	_, isMap := v.(map[string]any)
	return !isMap && !isList(v)
}

func isList(v any) bool {
	switch v.(type) {
	case []any, []string:
		return true
	}
	return false
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return false
}
