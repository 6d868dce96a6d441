package rule_test

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
)

// TestCaret puts the mistake "nmae" into every style of scalar and looks for the caret under it.
func TestCaret(t *testing.T) {
	t.Parallel()
	for name, cond := range map[string]string{
		"plain":              "if: repo.private && repo.nmae == 'x'",
		"plain, two lines":   "if: repo.private &&\n      repo.nmae == 'x'",
		"plain, blank line":  "if: repo.private &&\n\n      repo.nmae == 'x'",
		"single quotes":      "if: 'repo.name == ''x'' && repo.nmae == ''x'''",
		"double quotes":      `if: "repo.name == \"\u00e9\x41\" && repo.nmae == 'x'"`,
		"double, escaped nl": "if: \"repo.private && \\\n      repo.nmae == 'x'\"",
		"double, two lines":  "if: \"repo.private &&\n      repo.nmae == 'x'\"",
		"literal":            "if: |\n      repo.private &&\n\n        repo.nmae == 'x'",
		"literal, first":     "if: |-\n      repo.nmae == 'x'",
		"folded":             "if: >\n      repo.private &&\n      repo.nmae == 'x'",
		"folded, blank":      "if: >-\n      repo.private &&\n\n      repo.nmae == 'x'",
		"template":           "if: ${{ repo.nmae == 'x' }}",
		"astral":             "if: repo.name == '🤗é漢' && repo.nmae == 'x'",
		"list":               "once_per: [repo.id, repo.nmae]",
		"flow":               "debounce: {wait: 1m, key: repo.nmae}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := "version: 1\nrules:\n  - id: r\n    on: repo\n    " + cond +
				"\n    steps: [{uses: hub.comment, with: {body: x}}]\n"
			_, problems := rule.Load([]string{write(t, src)}, rule.Options{Actions: catalogue()})
			if len(problems) != 1 {
				t.Fatalf("got %d problems:\n%s", len(problems), problems.Text())
			}
			p := problems[0]
			line := []rune(strings.Split(src, "\n")[p.Line-1])
			if !strings.HasPrefix(string(line[p.Column-1:]), "nmae") {
				t.Errorf("%d:%d points at %q:\n%s", p.Line, p.Column, string(line[p.Column-1:]), problems.Text())
			}
		})
	}
}

// TestCaretFallsBack: where the place cannot be followed, the start of the scalar is shown.
func TestCaretFallsBack(t *testing.T) {
	t.Parallel()
	src := "version: 1\nrules:\n  - id: r\n    on: repo\n    if: |2\n        repo.nmae == 'x'\n" +
		"    steps: [{uses: hub.comment, with: {body: x}}]\n"
	_, problems := rule.Load([]string{write(t, src)}, rule.Options{Actions: catalogue()})
	if len(problems) != 1 || problems[0].Line != 5 || problems[0].Column != 9 {
		t.Errorf("got:\n%s", problems.Text())
	}
}
