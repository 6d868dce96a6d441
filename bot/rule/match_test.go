package rule_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// counting is a Facts that counts what it was asked for.
type counting struct {
	values map[string]any
	err    error
	asked  []string
}

func (c *counting) Fact(_ context.Context, name string) (any, error) {
	c.asked = append(c.asked, name)
	if c.err != nil {
		return nil, c.err
	}
	return c.values[name], nil
}

func (c *counting) at(string, string) expr.Facts { return c }

// delivery reads a payload whose file begins with a number.
func delivery(t testing.TB, number string) rule.Delivery {
	t.Helper()
	files, err := filepath.Glob("../../hub/testdata/payloads/" + number + "-*.json")
	if err != nil || len(files) != 1 {
		t.Fatalf("payload %s: %v, %v", number, files, err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return deliver(t, body)
}

func deliver(t testing.TB, body []byte) rule.Delivery {
	t.Helper()
	p, err := hub.ParsePayload(body)
	if err != nil {
		t.Fatal(err)
	}
	return rule.Delivery{ID: "d1", Body: body, Payload: p}
}

func pushFacts() *counting {
	return &counting{values: map[string]any{
		"tags":    []string{"pytorch"},
		"changed": []string{"pytorch_model.bin"},
		"files":   []string{"README.md", "pytorch_model.bin"},
		"author":  map[string]any{"id": "66de64e18c08ce84e0e27367", "name": "ada", "role": "write"},
	}}
}

// TestMatchGolden keeps the whole explanation of one rule set on many payloads, with the facts that were looked up.
func TestMatchGolden(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/match/rules.yaml")
	for _, number := range strings.Fields("01 07 10 11 14 15 17 20 21 30 32 34 40 41 60") {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			facts := pushFacts()
			e := rule.Explanation{Rules: set.Match(t.Context(), delivery(t, number), facts.at)}
			got := filepath.ToSlash(e.Text()) + "\nlooked up: " + strings.Join(facts.asked, ", ") + "\n"
			golden(t, "testdata/match/"+number+".txt", got)
			for _, o := range e.Rules {
				checkOutcome(t, o)
			}
		})
	}
}

// checkOutcome holds of every outcome.
func checkOutcome(t *testing.T, o rule.Outcome) {
	t.Helper()
	failed := false
	for _, c := range o.Clauses {
		failed = failed || !c.OK
	}
	if o.Verdict == rule.VerdictNotMatched && !failed {
		t.Errorf("%s: not matched, and no clause says why", o.RuleID)
	}
	if o.Verdict == rule.VerdictMatched && (failed || len(o.Steps) == 0) {
		t.Errorf("%s: matched with clauses %v and steps %v", o.RuleID, o.Clauses, o.Steps)
	}
	if o.Reason == "" {
		t.Errorf("%s: no reason", o.RuleID)
	}
}

func TestExplanationJSON(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/match/rules.yaml")
	e := rule.Explanation{Rules: set.Match(t.Context(), delivery(t, "10"), pushFacts().at)}
	got, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/match/10.json", string(got)+"\n")
	if e.Line() != "2 of 7 rules matched" {
		t.Errorf("line: %s", e.Line())
	}
}

// one loads a file with one rule, whose keys after the id are given, and matches it.
func one(t *testing.T, keys string, d rule.Delivery, facts rule.FactsFor) []rule.Outcome {
	t.Helper()
	src := "version: 1\nrules:\n  - id: r\n    " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n    ") +
		"\n    steps: [{uses: hub.comment, with: {body: x}}]\n"
	return load(t, write(t, src)).Match(t.Context(), d, facts)
}

func TestMatchKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		keys, payload string
		want          rule.Verdict
		failed        string // the clause that says why not
	}{
		{"on: repo", "34", rule.VerdictMatched, ""},
		{"on: repo.config.update", "34", rule.VerdictMatched, ""},
		{"on: repo.create", "34", rule.VerdictNotMatched, "on"},
		{"on: repo", "32", rule.VerdictSkipped, ""},
		{"on: repo.config", "32", rule.VerdictMatched, ""},
		{"on: [repo, repo.config]", "32", rule.VerdictMatched, ""},
		{"on: discussion.create", "40", rule.VerdictMatched, ""},
		{"on: discussion.update", "50", rule.VerdictMatched, ""},
		{"on: discussion.create", "50", rule.VerdictNotMatched, "on"},
		{"on: some.new.scope", "10", rule.VerdictNotMatched, "on"},
		{"on: repo.content", "12", rule.VerdictNotMatched, "refs"},
		{"on: repo.content\nrefs: refs/heads/**", "12", rule.VerdictMatched, ""},
		{"on: repo.content\nrefs: refs/heads/*", "12", rule.VerdictNotMatched, "refs"},
		{"on: repo.content", "21", rule.VerdictMatched, ""},
		{"on: repo.content\nrefs: refs/heads/main", "21", rule.VerdictNotMatched, "refs"},
		{"on: repo.content", "60", rule.VerdictMatched, ""},
		{"on: repo.content\nrefs: refs/tags/*", "15", rule.VerdictNotMatched, "refs"},
		{"on: repo.content\nrefs: refs/tags/*\ndeleted: true", "15", rule.VerdictMatched, ""},
		{"on: repo\nrepos: {type: [dataset, space]}", "01", rule.VerdictNotMatched, "repos.type"},
		{"on: repo\nrepos: {name: [other/*, acme-lab/*]}", "01", rule.VerdictMatched, ""},
		{"on: repo\nrepos: {name: '*'}", "01", rule.VerdictMatched, ""},
		{"on: repo\nrepos: {not_name: acme-lab/tiny-*}", "01", rule.VerdictNotMatched, "repos.not_name"},
		{"on: repo\nrepos: {owner: acme-lab}", "01", rule.VerdictMatched, ""},
		{"on: repo\nrepos: {owner: 667977f90c8e732d6bf90ed6}", "01", rule.VerdictMatched, ""},
		{"on: repo\nrepos: {owner: other}", "01", rule.VerdictNotMatched, "repos.owner"},
		{"on: repo\nrepos: {private: true}", "01", rule.VerdictNotMatched, "repos.private"},
		{"on: repo\nrepos: {private: true}", "02", rule.VerdictMatched, ""},
		{"on: repo.content\nrepos: {tags: {any: [gguf, 'license:*'], none: [nsfw]}}", "20", rule.VerdictMatched, ""},
		{"on: repo.content\nrepos: {tags: {none: [has_space]}}", "20", rule.VerdictNotMatched, "repos.tags"},
		{"on: repo.content\npaths: {any: ['*.json']}", "10", rule.VerdictNotMatched, "paths"},
		{"on: repo.content\npaths: {none: ['**/*.bin']}", "10", rule.VerdictNotMatched, "paths"},
		{"on: repo.content\npaths: {any: ['**/*.bin']}", "10", rule.VerdictMatched, ""},
		{"on: repo.content\nif: ${{ files.size() == 2 }}", "10", rule.VerdictMatched, ""},
		{"on: repo.content\nif: files.size() == 3", "10", rule.VerdictNotMatched, "if"},
		{"on: repo.content\nif: updatedRefs[3].ref == ''", "10", rule.VerdictError, ""},
		{"on: repo.content\nif: updatedRefs[3].ref == '' && repo.private", "10", rule.VerdictNotMatched, "if"},
	}
	for _, tt := range tests {
		t.Run(tt.payload+" "+tt.keys, func(t *testing.T) {
			t.Parallel()
			got := one(t, tt.keys, delivery(t, tt.payload), pushFacts().at)
			if len(got) != 1 || got[0].Verdict != tt.want {
				t.Fatalf("got %+v, want %s", got, tt.want)
			}
			checkOutcome(t, got[0])
			for _, c := range got[0].Clauses {
				if !c.OK && tt.failed != c.Clause && tt.want == rule.VerdictNotMatched {
					t.Errorf("clause %+v failed, want %q", c, tt.failed)
				}
			}
		})
	}
}

// body is a push of refs to a model.
func push(t *testing.T, refs string) rule.Delivery {
	t.Helper()
	return deliver(t, []byte(`{"event":{"action":"update","scope":"repo.content"},"repo":{"type":"model","name":"a/b",
		"id":"1","private":false,"headSha":"head","owner":{"id":"2"}},"updatedRefs":[`+refs+`],
		"webhook":{"id":"3","version":3}}`))
}

func TestOneOutcomeForEachRef(t *testing.T) {
	t.Parallel()
	d := push(t, `{"ref":"refs/heads/main","oldSha":"a","newSha":"b"},{"ref":"refs/heads/x","oldSha":null,"newSha":"c"},
		{"ref":"refs/tags/v1","oldSha":null,"newSha":"d"}`)
	got := one(t, "on: repo.content\nrefs: refs/heads/*\nonce_per: [ref, sha]", d, nil)
	var lines []string
	for _, o := range got {
		lines = append(lines, fmt.Sprint(o.Ref, " ", o.SHA, " ", o.OnceKey))
	}
	want := []string{`refs/heads/main b "refs/heads/main" "b"`, `refs/heads/x c "refs/heads/x" "c"`}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConvertRefsMustBeNamed(t *testing.T) {
	t.Parallel()
	d := push(t, `{"ref":"refs/convert/parquet","oldSha":null,"newSha":"c"}`)
	for keys, want := range map[string]rule.Verdict{
		"on: repo":                               rule.VerdictSkipped,
		"on: repo.content\nrefs: refs/**":        rule.VerdictSkipped,
		"on: repo.content":                       rule.VerdictNotMatched,
		"on: repo.content\nrefs: refs/convert/*": rule.VerdictMatched,
	} {
		if got := one(t, keys, d, nil); len(got) != 1 || got[0].Verdict != want {
			t.Errorf("%s: got %+v, want %s", keys, got, want)
		}
	}
}

// TestNumberOfLookUps: tags, paths and if are one conjunction, and the payload is asked first.
func TestNumberOfLookUps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		keys string
		want []string
	}{
		{"on: repo.content\nrepos: {tags: [pytorch]}\npaths: {any: ['**']}\nif: repo.private", nil},
		{"on: repo.content\nrepos: {type: dataset, tags: [pytorch]}", nil},
		{"on: repo.content\nrepos: {tags: [gguf]}\npaths: {any: ['**']}\nif: size(files) > 0", []string{"tags"}},
		{"on: repo.content\nrepos: {tags: [pytorch]}\npaths: {any: [x]}\nif: size(files) > 0", []string{"tags", "changed"}},
		{
			"on: repo.content\nif: size(files) > 0\npaths: {any: ['**']}\nrepos: {tags: [pytorch]}",
			[]string{"tags", "changed", "files"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.keys, func(t *testing.T) {
			t.Parallel()
			facts := pushFacts()
			one(t, tt.keys, delivery(t, "10"), facts.at)
			if diff := cmp.Diff(tt.want, facts.asked); diff != "" {
				t.Errorf("looked up (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailedLookUpIsAnError(t *testing.T) {
	t.Parallel()
	gone := errors.New("502 bad gateway")
	facts := &counting{err: gone}
	got := one(t, "on: repo.content\nrepos: {tags: [x]}", delivery(t, "10"), facts.at)
	if got[0].Verdict != rule.VerdictError || !errors.Is(got[0].Err, gone) {
		t.Errorf("got %+v", got[0])
	}
	got = one(t, "on: repo.content\nrepos: {tags: [x]}", delivery(t, "10"), nil)
	if got[0].Verdict != rule.VerdictError || !errors.Is(got[0].Err, expr.ErrOffline) {
		t.Errorf("offline: got %+v", got[0])
	}
}

// TestRunTimeErrorHasItsPlace: a condition that fails on what it sees says where in the file.
func TestRunTimeErrorHasItsPlace(t *testing.T) {
	t.Parallel()
	got := one(t, "on: repo.content\nif: |\n  !repo.private &&\n    updatedRefs[3].ref == ''", delivery(t, "10"), pushFacts().at)[0]
	if want := "index out of bounds: 3 ("; got.Verdict != rule.VerdictError || !strings.HasPrefix(got.Reason, want) ||
		!strings.HasSuffix(got.Reason, "yaml:7:23)") || !errors.As(got.Err, new(*expr.EvalError)) {
		t.Errorf("%s: %s; want %s...yaml:7:23)", got.Verdict, got.Reason, want)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	got := one(t, `on: repo.content
once_per: [repo.id]
debounce: {key: "${{ repo.name }}", wait: 1m}
rate_limit: {key: repo.owner.id, max: 2, per: 1d}
concurrency: {group: "g:${{ repo.type }}", on_conflict: skip}
breaker: {max: 5, per: 1h}`, delivery(t, "10"), nil)[0]
	want := []string{
		"66079b8b2e56b3db420f616b", "acme-lab/tiny-sentiment", "667977f90c8e732d6bf90ed6", "g:model", "skip",
		"10m0s", "24h0m0s",
	}
	have := []string{
		got.OnceKey, got.DebounceKey, got.RateKey, got.GroupKey, got.Rule.Concurrency.OnConflict,
		got.Rule.Debounce.Max.String(), got.Rule.RateLimit.Per.String(),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// parse reads a payload.
func parse(body []byte) (*hub.Payload, error) { return hub.ParsePayload(body) }
