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
	files, err := filepath.Glob("../../hub/testdata/payloads/*.json")
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

// TestIndexByTagsAndNames has rules for every mixture of name and tags, and asks with and without tags in the payload.
func TestIndexByTagsAndNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	n := 0
	for _, name := range []string{"", "a/b", "a/*", "'*'", "'{a,c}/b'", "'a/[bc]'", "b", "[a/b, c/*]", "'*/b'", "A/b"} {
		for _, tags := range []string{
			"", "[x]", "'x*'", "[y]", "[x, y]", "{any: [x]}", "{any: [x, y]}", "{none: [x]}", "{all: ['license:*', x]}", "'dataset:a/b'",
		} {
			n++
			fmt.Fprintf(&b, "  - {id: r%d, on: [repo.content, discussion], repos: {private: false", n)
			if name != "" {
				fmt.Fprintf(&b, ", name: %s", name)
			}
			if tags != "" {
				fmt.Fprintf(&b, ", tags: %s", tags)
			}
			b.WriteString("}, steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]}\n")
		}
	}
	set := load(t, write(t, b.String()))
	for _, repo := range []string{"a/b", "a/c", "b", "c/d"} {
		for _, tags := range []string{"", "[]", `["x"]`, `["y","license:mit","x"]`, `["dataset:a/b"]`} {
			facts := &counting{values: map[string]any{"tags": []string{"x"}}}
			field := ""
			if tags != "" {
				field = `,"tags":` + tags
			}
			d := deliver(t, []byte(`{"event":{"action":"update","scope":"repo.content"},"repo":{"type":"model","name":"`+repo+`",
				"id":"1","private":false,"owner":{"id":"2"}`+field+`},"webhook":{"id":"3","version":3}}`))
			matched := func(outcomes []rule.Outcome) (list []string) {
				for _, o := range outcomes {
					if o.Verdict == rule.VerdictMatched {
						list = append(list, o.RuleID)
					}
				}
				return list
			}
			all := matched(set.Match(t.Context(), d, facts.at))
			some := matched(set.MatchCandidates(t.Context(), d, facts.at))
			if diff := cmp.Diff(all, some); diff != "" || len(all) == 0 {
				t.Errorf("%s %s: %d match (-all +candidates):\n%s", repo, tags, len(all), diff)
			}
		}
	}
}

// TestExplainAfterwards: what MatchCandidates leaves out of a verdict is what Match says of it.
func TestExplainAfterwards(t *testing.T) {
	t.Parallel()
	set := load(t, manyRules(t, 500))
	d := delivery(t, "10")
	outcomes := set.MatchCandidates(t.Context(), d, nil)
	for _, o := range outcomes {
		if o.Verdict != rule.VerdictNotMatched || o.Clauses != nil {
			t.Errorf("%s: %s with %d clauses, want a bare not_matched", o.RuleID, o.Verdict, len(o.Clauses))
		}
	}
	explained := rule.Explain(t.Context(), d, nil, outcomes, 3)
	if len(explained) != 3 {
		t.Fatalf("%d explained, want 3", len(explained))
	}
	for _, o := range explained {
		checkOutcome(t, o)
		if want := "if: wanted repo.private, got repo.private = false"; o.Reason != want {
			t.Errorf("%s: %q, want %q", o.RuleID, o.Reason, want)
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
