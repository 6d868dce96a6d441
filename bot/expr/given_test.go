package expr_test

import (
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
)

func TestCheckFact(t *testing.T) {
	t.Parallel()
	mapping := map[string]any{"license": "mit"}
	for _, tc := range []struct {
		name  string
		value any
		ok    bool
	}{
		{"tags", []any{"a"}, true},
		{"tags", []string{}, true},
		{"tags", "a", true}, // one, as a model card writes it
		{"tags", nil, true},
		{"tags", mapping, false},
		{"changed", mapping, false},
		{"files", mapping, false},
		{"card", mapping, true},
		{"card", []any{mapping}, false},
		{"card", "mit", false},
		{"author", "ada", false},
		{"commit", 3, false},
		{"sha", "abc", true},
		{"sha", 1234567, true}, // seven digits that YAML takes for a number
		{"sha", []any{"abc"}, false},
		{"tgas", nil, false},
	} {
		if err := expr.CheckFact(tc.name, tc.value); (err == nil) != tc.ok {
			t.Errorf("%s: %v: %v", tc.name, tc.value, err)
		}
	}
}

func TestCheckOutput(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		field actions.Field
		value any
		ok    bool
	}{
		{actions.Field{Type: "int"}, 7, true},
		{actions.Field{Type: "int"}, "7", false},
		{actions.Field{Type: "float"}, 0.5, true},
		{actions.Field{Type: "bool"}, "yes", false},
		{actions.Field{Type: "bool"}, true, true},
		{actions.Field{Type: "list", Elem: "string"}, "a", true},
		{actions.Field{Type: "list", Elem: "map"}, "a", false},
		{actions.Field{Type: "map"}, "a", false},
		{actions.Field{Type: "any"}, []any{1}, true},
		{actions.Field{Type: "string"}, nil, true},
	} {
		if err := expr.CheckOutput(tc.field, tc.value); (err == nil) != tc.ok {
			t.Errorf("%s: %v: %v", tc.field.Type, tc.value, err)
		}
	}
}
