package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFacts(t *testing.T) {
	t.Parallel()
	got, err := parseFacts([]byte("changed: [a.bin]\ntags: []\ncard: {license: mit}\nfiles: [1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := givenFacts{
		"changed": []string{"a.bin"}, "tags": []string{}, "card": map[string]any{"license": "mit"}, "files": []any{1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestParseFactsErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"tgas: []": `unknown fact "tgas"`, "[": "yaml", "- tags": "yaml"} {
		if _, err := parseFacts([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseFacts(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestAbsentFactIsAnError(t *testing.T) {
	t.Parallel()
	facts := givenFacts{"tags": []string{"x"}}.at("refs/heads/main", "")
	if v, err := facts.Fact(t.Context(), "tags"); err != nil || !cmp.Equal(v, []string{"x"}) {
		t.Errorf("tags = %v, %v", v, err)
	}
	if v, err := facts.Fact(t.Context(), "files"); err == nil || !strings.Contains(err.Error(), "--facts") {
		t.Errorf("files = %v, %v; want an error that names --facts", v, err)
	}
}
