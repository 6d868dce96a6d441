package builtin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

func TestCode(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", ""},
		{"model.safetensors", "`model.safetensors`"},
		{"a`b|c<!--d-->\n", "`a_b_c_!--d--__`"},
		{"名", "`名`"},
		{strings.Repeat("x", 101), "`" + strings.Repeat("x", 100) + "…`"},
	}
	for _, test := range tests {
		if got := code(test.text); got != test.want {
			t.Errorf("code(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	if got := list([]string{"a", "b"}); got != "`a`, `b`" {
		t.Error(got)
	}
	if got := list(make([]string, 50)); !strings.HasSuffix(got, " and 10 more") {
		t.Error(got)
	}
}

// TestDescriptionStaysWithinTheLimit gives a description as much as strangers may.
func TestDescriptionStaysWithinTheLimit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 1000)
	plan := &convert.Plan{Aliases: map[string]string{}}
	for i := range 1000 {
		name := fmt.Sprint(long, i)
		plan.Aliases[name] = long
		plan.Globals = append(plan.Globals, name)
		plan.Dropped = append(plan.Dropped, name)
	}
	known := newFacts(plan)
	done := make([]converted, 1000)
	for i := range done {
		done[i] = converted{
			CommitFile: hub.CommitFile{Path: long, SHA256: strings.Repeat("a", 64)}, facts: known,
			sources: []origin{{long, long}, {long, long}, {long, long}, {long, long}, {long, long}},
		}
	}
	c := &conversion{snapshot: &snapshot{
		sha: strings.Repeat("0", 40), repo: hub.RepoRef{Type: hub.Model, Name: "acme/tiny"},
	}}
	text := c.description(done, plan.Dropped)
	if n := len([]rune(text)); n > maxComment {
		t.Errorf("%d characters, the Hub takes %d", n, maxComment)
	}
	if !strings.Contains(text, " more files") || !endsWith(text, c.marker()) {
		t.Error("the description does not say what it leaves out, or lost its marker")
	}
}
