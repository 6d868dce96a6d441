package rule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
)

// FuzzExplanation: whatever a payload holds, every rule has a verdict with its reason, and it can be shown.
func FuzzExplanation(f *testing.F) {
	files, err := filepath.Glob("../../hub/testdata/payloads/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		f.Add([]byte(read(f, name)))
	}
	set := load(f, "testdata/match/rules.yaml")
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parse(body)
		if err != nil {
			return
		}
		e := rule.Explanation{Rules: set.Match(t.Context(), rule.Delivery{ID: "d", Body: body, Payload: p}, pushFacts().at)}
		seen := map[string]bool{}
		for _, o := range e.Rules {
			seen[o.RuleID] = true
			if o.Verdict == "" || o.Verdict != rule.VerdictMatched && o.Reason == "" {
				t.Errorf("%s: %s without a reason", o.RuleID, o.Verdict)
			}
		}
		if len(seen) != len(set.Rules) {
			t.Errorf("%d of %d rules have a verdict", len(seen), len(set.Rules))
		}
		if !strings.Contains(e.Text(), e.Line()) {
			t.Error("the text lacks its first line")
		}
		if _, err := e.JSON(); err != nil {
			t.Error(err)
		}
	})
}

// TestHugeExpression: an expression that a program wrote is refused at once, with a place and without the whole line.
func TestHugeExpression(t *testing.T) {
	t.Parallel()
	for name, quote := range map[string]string{"plain": "", "quoted": `"`} {
		src := "version: 1\nrules:\n  - id: a\n    on: repo\n    if: " + quote +
			strings.Repeat("repo.private && ", 20_000) + "true" + quote +
			"\n    steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]\n"
		_, problems := rule.Load([]string{write(t, src)}, options())
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "characters long (limit 16384)") || problems[0].Line != 5 {
			t.Errorf("%s: %.300s", name, problems.Text())
		}
		if n := len(problems.Text()); n > 1000 {
			t.Errorf("%s: the message is %d bytes long", name, n)
		}
	}
}

func TestMisspeltEvents(t *testing.T) {
	t.Parallel()
	for on, want := range map[string]string{
		"repo.contnet":           `(did you mean "repo.content"?)`,
		"discussion.coment":      `(did you mean "discussion.comment"?)`,
		"discussion.creat":       `(did you mean "discussion.create"?)`,
		"disscussion.create":     `(did you mean "discussion.create"?)`,
		"repo.config.dois":       "",
		"repo.content.lfs":       "",
		"repo.visits":            "",
		"discussion.comment":     "",
		"repo.content.update":    "",
		"weather":                "the Hub has no scope \"weather\"",
		"discussion.reaction.up": "",
	} {
		_, problems := rule.Load([]string{write(t, "version: 1\nrules:\n  - {id: a, on: "+on+
			", steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]}\n")}, options())
		if got := problems.Text(); problems.HasErrors() || (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", on, got, want)
		}
	}
}
