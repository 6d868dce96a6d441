package pickle_test

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert/pickle"
)

func TestCyclic(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		program string
		want    bool
	}{
		"number":               {"K\x01.", false},
		"list in itself":       {"]q\x00h\x00a.", true},
		"dict in itself":       {"}q\x00U\x01ah\x00s.", true},
		"set in itself":        {"\x8fq\x00(h\x00\x90.", true},
		"tuple around a list":  {"]q\x00h\x00\x85a.", true},
		"key of a dict":        {"}q\x00h\x00\x85Ns.", true},
		"twice is no cycle":    {"]q\x00h\x00\x86.", false},
		"many paths, no cycle": {"]" + strings.Repeat("q\x00h\x00\x86", 60) + ".", false},
		"deep nesting":         {"]" + strings.Repeat("\x85", 100_000) + ".", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, _ := run(t, test.program, pickle.Limits{})
			if res.Malformed != nil {
				t.Fatal(res.Malformed)
			}
			if got := pickle.Cyclic(res.Value); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
