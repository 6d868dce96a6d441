package actions

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckTemplates(t *testing.T) {
	t.Parallel()
	e := newSample(nil)
	tests := []struct {
		name  string
		input string
		value any
		want  string // message, empty when fine
	}{
		{"string", "text", Template{Type: "string"}, ""},
		{"unknown type", "text", Template{}, ""},
		{"dyn", "count", Template{Type: "dyn"}, ""},
		{"int for text", "text", Template{Type: "int"}, "test.sample: text must be string, got int"},
		{"double for int", "count", Template{Type: "double"}, ""},
		{"text for int", "count", Template{Type: "string"}, "test.sample: count must be int, got string"},
		{"bool for int", "count", Template{Type: "bool"}, "test.sample: count must be int, got bool"},
		{"list", "names", Template{Type: "list(string)"}, ""},
		{"list of dyn", "names", Template{Type: "list(dyn)"}, ""},
		{"list of int", "names", Template{Type: "list(int)"}, "test.sample: names must be list of string, got list(int)"},
		{"text for list", "names", Template{Type: "string"}, "test.sample: names must be list of string, got string"},
		{"in a list", "names", []any{"a", Template{Type: "int"}}, "test.sample: names[1] must be string, got int"},
		{"enum is not judged", "choice", Template{Type: "string"}, ""},
		{"enum in a list", "colours", []any{Template{Type: "string"}}, ""},
		{"map", "labels", Template{Type: "map(string, string)"}, ""},
		{
			"map of int", "labels",
			Template{Type: "map(string, int)"},
			"test.sample: labels must be map of string, got map(string, int)",
		},
		{"map of dyn", "labels", Template{Type: "map(string, dyn)"}, ""},
		{"in a map", "labels", map[string]any{"a": Template{Type: "bool"}}, "test.sample: labels.a must be string, got bool"},
		{"duration", "wait", Template{Type: "google.protobuf.Duration"}, ""},
		{
			"timestamp", "wait",
			Template{Type: "google.protobuf.Timestamp"},
			"test.sample: wait must be duration, got google.protobuf.Timestamp",
		},
		{"anything", "value", Template{Type: "map(string, list(int))"}, ""},
		{"inside anything", "value", []any{Template{Type: "int"}}, ""},
		{"a type of its own", "text", Template{Type: "hfbot.Comment"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var want []InputError
			if test.want != "" {
				want = []InputError{{Input: test.input, Message: test.want}}
			}
			if diff := cmp.Diff(want, e.Check(minimal(map[string]any{test.input: test.value}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckValidates(t *testing.T) {
	t.Parallel()
	e := newSample(nil)
	constants := e.Check(minimal(map[string]any{"text": "invalid"}))
	if diff := cmp.Diff([]InputError{{Message: "test.sample: the text is invalid"}}, constants); diff != "" {
		t.Error(diff)
	}
	if got := e.Check(minimal(map[string]any{"text": "invalid", "count": Template{Type: "int"}})); got != nil {
		t.Errorf("Validate ran although an input is not known: %v", got)
	}
}
