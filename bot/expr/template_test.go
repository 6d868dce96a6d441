package expr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/expr"
)

func TestWith(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   any
		want any
	}{
		{"constant", "plain", "plain"},
		{"int keeps its type", "${{ steps.convert.outputs.pull_request }}", int64(7)},
		{"joined", "PR ${{ steps.convert.outputs.pull_request }}!", "PR 7!"},
		{"list", "${{ steps.convert.outputs.files }}", []any{"a.safetensors"}},
		{"list joined", "${{ steps.convert.outputs.files.join(', ') }}.", "a.safetensors."},
		{"bool", "${{ repo.private }}", false},
		{"ternary", "${{ steps.convert.ok ? 'Done.' : 'Failed: ' + steps.convert.error }}", "Done."},
		{"literal opening", "${{ '${{' }} x }}", "${{ x }}"},
		{"braces in a string", `${{ "}}" }}-`, "}}-"},
		{"map", "${{ {'a': {'b': 1}} }}", map[string]any{"a": map[string]any{"b": int64(1)}}},
		{"object", "${{ repo.owner }}", map[string]any{"id": "667977f90c8e732d6bf90ed6"}},
		{"raw string", `${{ r'\' + "x" }}`, `\x`},
		{"comment", "${{ 1 // }}\n + 1 }}", int64(2)},
		{"nested", []any{map[string]any{"k": "${{ vars.org }}"}, 4}, []any{map[string]any{"k": "acme-lab"}, 4}},
		{"two", "${{ 1 }}${{ 2 }}", "12"},
		{"float", "x${{ 1.5 }}", "x1.5"},
		{"optional none", "${{ card.?nope }}", nil},
	}
	env := newEnv(t, richOptions)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &expr.Input{
				Body: payload(t, "10"), Vars: richOptions.Vars, Facts: richFacts(),
				Steps: map[string]expr.StepResult{"convert": {
					OK: true, State: "succeeded",
					Outputs: map[string]any{"pull_request": 7, "files": []any{"a.safetensors"}},
				}},
			}
			got, err := env.With(t.Context(), map[string]any{"x": tt.in}, in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]any{"x": tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStepConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src                      string
		clean, failed, cancelled bool
	}{
		{"", true, false, false},
		{"repo.type == 'model'", true, false, false},
		{"always()", true, true, true},
		{"failure()", false, true, false},
		{"success()", true, false, false},
		{"${{ always() && repo.type == 'model' }}", true, true, true},
		{"failure() || repo.private", false, true, false},
	}
	env := newEnv(t, expr.Options{})
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct{ failed, cancelled, want bool }{
				{false, false, tt.clean}, {true, false, tt.failed}, {false, true, tt.cancelled},
			} {
				in := &expr.Input{Body: payload(t, "10"), Failed: c.failed, Cancelled: c.cancelled}
				got, err := env.If(t.Context(), tt.src, in)
				if err != nil {
					t.Fatal(err)
				}
				if got != c.want {
					t.Errorf("failed %v, cancelled %v: got %v, want %v", c.failed, c.cancelled, got, c.want)
				}
			}
		})
	}
}

func TestTemplateTypes(t *testing.T) {
	t.Parallel()
	env := newEnv(t, richOptions)
	for src, want := range map[string]string{
		"x": "string", "${{ 1 }}": "int", "a${{ 1 }}": "string", "${{ 1.0 }}": "double", "${{ true }}": "bool",
		"${{ files }}": "list(string)", "${{ repo }}": "Repo", "${{ card.other }}": "dyn",
	} {
		tmpl, err := env.Template(src)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if got := tmpl.Type(); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"a ${{ repo.name }} b", "${{ '}}' }}", `${{ r"\" }}`, "${{", "${{ 1 // }}", "${{ {1:{2:3}} }}",
	} {
		f.Add(s)
	}
	env := newEnv(f, expr.Options{})
	f.Fuzz(func(t *testing.T, s string) {
		tmpl, err := env.Template(s)
		if err != nil || expr.IsTemplate(s) {
			return
		}
		if text, err := tmpl.Text(t.Context(), &expr.Input{Body: []byte("{}")}); err != nil || text != s {
			t.Errorf("%q without ${{ became %q, %v", s, text, err)
		}
	})
}
