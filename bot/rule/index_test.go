package rule_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

// manyRules writes a file of n rules on pushes, of which one in a hundred is for the namespace acme-lab.
func manyRules(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range n {
		owner := fmt.Sprintf("org-%d", i)
		if i%100 == 0 {
			owner = "acme-lab"
		}
		fmt.Fprintf(&b, "  - {id: r%d, on: repo.content.update, repos: {type: model, name: %s/*}, if: repo.private, "+
			"steps: [{uses: hub.comment, with: {body: x}}]}\n", i, owner)
	}
	return write(t, b.String())
}

// TestIndexLosesNothing: what the index rules out does not match.
func TestIndexLosesNothing(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/match/rules.yaml", manyRules(t, 200))
	files, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		number, _, _ := strings.Cut(filepath.Base(name), "-")
		d := delivery(t, number)
		verdicts := func(outcomes []rule.Outcome) []string {
			var list []string
			for _, o := range outcomes {
				if o.Verdict != rule.VerdictNotMatched {
					list = append(list, fmt.Sprint(o.RuleID, " ", o.Ref, " ", o.Verdict))
				}
			}
			return list
		}
		all := verdicts(set.Match(t.Context(), d, pushFacts().at))
		some := verdicts(set.MatchCandidates(t.Context(), d, pushFacts().at))
		if diff := cmp.Diff(all, some); diff != "" {
			t.Errorf("%s (-all +candidates):\n%s", name, diff)
		}
	}
}

func TestIndexIsNarrow(t *testing.T) {
	t.Parallel()
	set := load(t, manyRules(t, 500))
	if n := len(set.MatchCandidates(t.Context(), delivery(t, "10"), nil)); n != 5 {
		t.Errorf("%d of 500 rules were looked at, want 5", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		set := load(b, manyRules(b, n))
		d := delivery(b, "10")
		b.Run(fmt.Sprintf("all/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Match(b.Context(), d, nil)
			}
		})
		b.Run(fmt.Sprintf("index/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.MatchCandidates(b.Context(), d, nil)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	name := manyRules(b, 10_000)
	for b.Loop() {
		load(b, name)
	}
}
