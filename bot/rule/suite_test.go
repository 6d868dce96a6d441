package rule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
)

func runSuite(t *testing.T, path string) (string, bool) {
	t.Helper()
	results, problems := rule.RunTests(t.Context(), []string{path}, rule.Options{Actions: catalogue()})
	if len(problems) > 0 {
		t.Fatalf("%s", problems.Text())
	}
	var b strings.Builder
	passed, err := rule.WriteResults(&b, results)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(b.String()), passed
}

func TestSuitePasses(t *testing.T) {
	t.Parallel()
	text, passed := runSuite(t, "testdata/suite/rules_test.yaml")
	if !passed || !strings.HasSuffix(text, "4 tests passed\n") {
		t.Errorf("%s", text)
	}
}

func TestSuiteFailuresExplain(t *testing.T) {
	t.Parallel()
	text, passed := runSuite(t, "testdata/suite/wrong_test.yaml")
	if passed {
		t.Error("a wrong expectation passed")
	}
	golden(t, "testdata/suite/wrong.txt", text)
}

func TestSuiteFindsTestsBesideRules(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"testdata/suite/rules.yaml", "testdata/suite"} {
		if text, _ := runSuite(t, path); !strings.Contains(text, "2 of 6 tests failed") {
			t.Errorf("%s: %s", path, text)
		}
	}
}

func TestSuiteIsStrict(t *testing.T) {
	t.Parallel()
	name := filepath.Join(filepath.Dir(write(t, "rules: []\n")), "x_test.yaml")
	writeFile(t, name, "tests:\n  - name: x\n    event: gone.json\n    fact: {}\n    facts: {file: []}\n"+
		"    expect: {match: []}\n")
	_, problems := rule.RunTests(t.Context(), []string{name}, rule.Options{Actions: catalogue()})
	text := problems.Text()
	for _, want := range []string{
		`4:5: error: unknown field "fact" (did you mean "facts"?)`, "3:12: error: event: ",
		`5:13: error: unknown field "file" (did you mean "files"?)`,
		`6:14: error: unknown field "match" (did you mean "matched"?)`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
