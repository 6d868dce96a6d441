package actions

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"hub.comment", "hub.close", "ci.github", "to", "files"}
	tests := []struct {
		name string
		want []string
	}{
		{"hub.coment", []string{"hub.comment"}},
		{"hub.clsoe", []string{"hub.close"}},
		{"ci.gitlab", []string{"ci.github"}},
		{"file", []string{"files"}},
		{"something.else", nil},
		{"xy", nil},
		{"", nil},
		{strings.Repeat("hub.comment", 1000), nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, nearest(test.name, names)); diff != "" {
			t.Errorf("nearest to %q: %s", test.name, diff)
		}
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"abc", "", 3},
		{"", "abc", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
	}
	for _, test := range tests {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
