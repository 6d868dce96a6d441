package near

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAll(t *testing.T) {
	t.Parallel()
	names := []string{"hub.comment", "hub.commit", "hub.close", "ci.github", "to", "files", "grün"}
	for word, want := range map[string][]string{
		"hub.coment":                       {"hub.comment", "hub.commit"},
		"hub.clsoe":                        {"hub.close"},
		"ci.gitlab":                        {"ci.github"},
		"file":                             {"files"},
		"gruen":                            {"grün"},
		"ot":                               {"to"},
		"something.else":                   {},
		"xy":                               {},
		"":                                 {},
		strings.Repeat("hub.comment", 100): nil,
	} {
		if diff := cmp.Diff(want, All(word, names)); diff != "" {
			t.Errorf("near %q: %s", word, diff)
		}
		best := ""
		if len(want) > 0 {
			best = want[0]
		}
		if got := Best(word, names); got != best {
			t.Errorf("nearest to %q is %q, want %q", word, got, best)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
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
		{"ab", "ba", 1},
		{"é", "e", 1},
	} {
		if got := distance([]rune(test.a), []rune(test.b)); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
