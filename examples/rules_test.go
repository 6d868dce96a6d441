package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions"
	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/rule/ruletest"
)

// TestRuleSets checks every rule set here and runs the tests beside it, as their readers would.
func TestRuleSets(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/rules_test.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d rule sets, want 20, one for each use case (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			t.Parallel()
			opts := rule.Options{Actions: actions.Default}
			set, problems := rule.Load([]string{filepath.Join(filepath.Dir(file), "rules.yaml")}, opts)
			if len(problems) > 0 {
				t.Fatal(problems.Text())
			}
			results, problems := rule.RunTests(t.Context(), []string{file}, opts)
			if len(problems) > 0 {
				t.Fatal(problems.Text())
			}
			for _, r := range results {
				if len(r.Failures) > 0 {
					t.Errorf("%s", r.Text())
				}
			}
			text := read(t, file)
			for _, r := range set.Rules {
				if !strings.Contains(text, r.ID) {
					t.Errorf("no test is about the rule %s", r.ID)
				}
			}
		})
	}
}

// TestDocumentedRules loads every rule file that docs/rules.md shows and runs the tests it shows with them.
func TestDocumentedRules(t *testing.T) {
	t.Parallel()
	var rules, tests []string
	for _, block := range yamlBlocks(read(t, "../docs/rules.md")) {
		switch {
		case strings.Contains(block, "\ntests:"):
			tests = append(tests, block)
		case strings.Contains(block, "rules:\n"):
			rules = append(rules, block)
		default:
			rules = append(rules, "version: 1\nrules:\n"+block)
		}
	}
	if len(rules) < 8 || len(tests) < 1 {
		t.Fatalf("docs/rules.md shows %d rule files and %d tests", len(rules), len(tests))
	}
	ran, expected := 0, regexp.MustCompile(`matched: \[([\w-]+)`)
	for i, src := range rules {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "rules.yaml"), src)
		opts := rule.Options{Actions: actions.Default}
		if _, problems := rule.Load([]string{dir}, opts); len(problems) > 0 {
			t.Errorf("example %d:\n%s\n%s", i+1, src, problems.Text())
		}
		for _, test := range tests {
			if id := expected.FindStringSubmatch(test); id == nil || !strings.Contains(src, "- id: "+id[1]+"\n") {
				continue // it is for another example
			}
			ran++
			write(t, filepath.Join(dir, "rules_test.yaml"), test)
			results, problems := rule.RunTests(t.Context(), []string{dir}, opts)
			if len(problems) > 0 || len(results) == 0 {
				t.Errorf("%d results\n%s", len(results), problems.Text())
			}
			for _, r := range results {
				if len(r.Failures) > 0 {
					t.Errorf("%s", r.Text())
				}
			}
		}
	}
	if ran != len(tests) {
		t.Errorf("%d of %d tests were run: do they expect a rule that is shown?", ran, len(tests))
	}
}

// TestSchema validates every rule file that hfbot ships with the schema that `hfbot schema` prints, as editors do: these
// examples, what `hfbot init` and `hfbot deploy` write, and what docs/rules.md shows.
func TestSchema(t *testing.T) {
	t.Parallel()
	validate := ruletest.Validator(t, actions.Default)
	var files []string
	for _, pattern := range []string{
		"*/rules.yaml", "../spaces/templates/*/rules.yaml", "../spaces/default/rules.yaml", "../cmd/demo/rules.yaml",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasPrefix(file, "custom-action") {
			continue // it uses an action that this binary does not have
		}
		if err := validate(read(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, block := range yamlBlocks(read(t, "../docs/rules.md")) {
		if strings.Contains(block, "\ntests:") {
			continue
		}
		if !strings.Contains(block, "rules:\n") {
			block = "version: 1\nrules:\n" + block
		}
		if err := validate(block); err != nil {
			t.Errorf("docs/rules.md shows\n%s\n%v", block, err)
		}
	}
	if validate(read(t, "custom-action/rules.yaml")) == nil {
		t.Error("an action that there is not passes")
	}
}

// yamlBlocks are the ```yaml blocks of a document.
func yamlBlocks(text string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
