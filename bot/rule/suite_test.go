package rule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// TestSuiteRefusesWhatDecidesByAccident: a fact or answer of the wrong shape reads as empty, and an expectation of a rule
// that did not run is never looked at, so each of them is a mistake rather than a test that passes.
func TestSuiteRefusesWhatDecidesByAccident(t *testing.T) {
	t.Parallel()
	const event = "    event: {event: {scope: repo, action: update}, repo: {type: model, name: a/b}}\n"
	rules := write(t, "version: 1\nrules:\n  - id: r\n    on: repo.update\n    if: \"'x' in files\"\n"+
		"    steps: [{id: c, uses: model.convert, with: {to: safetensors}}]\n")
	for name, tc := range map[string]struct{ test, want string }{
		"fact":          {event + "    facts: {files: {x: y}}\n    expect: {}", "facts.files must be a list, got map[x:y]"},
		"output":        {event + "    facts: {files: x}\n    steps: {c: {outputs: {pull: 1}}}\n    expect: {}", `steps.c: model.convert has no output "pull"`},
		"output's type": {event + "    facts: {files: x}\n    steps: {c: {outputs: {pull_request: seven}}}\n    expect: {}", "steps.c: output pull_request of model.convert must be a number, got seven"},
		"step":          {event + "    facts: {files: x}\n    steps: {d: {}}\n    expect: {}", "steps.d: no rule has a step of this id"},
		"with":          {event + "    facts: {files: z}\n    expect: {with: {r: {c: {to: x}}}}", "r: wanted steps to run, but got not_matched"},
		"no such rule":  {event + "    facts: {files: z}\n    expect: {steps: {q: []}}", "q: wanted steps to run, but got no such rule"},
		"event":         {"    event: {repo: {name: a/b}}\n    expect: {matched: []}", "event is no payload: it has no event.scope"},
		"event's type":  {"    event: [1]\n    expect: {matched: []}", "event must be text, got a list"},
		"no list":       {"", "tests must be a list, got a mapping"},
	} {
		path := filepath.Join(filepath.Dir(rules), strings.ReplaceAll(name, " ", "-")+"_test.yaml")
		text := "rules: rules.yaml\ntests:\n  - name: x\n" + tc.test + "\n"
		if tc.test == "" {
			text = "tests: {}\n"
		}
		writeFile(t, path, text)
		results, problems := rule.RunTests(t.Context(), []string{path}, rule.Options{Actions: catalogue()})
		got := problems.Text()
		for _, r := range results {
			got += r.Text()
		}
		if !strings.Contains(got, tc.want) {
			t.Errorf("%s: no %q in:\n%s", name, tc.want, got)
		}
	}
}

// TestSuiteAnswersForRulesThatShareAnID: ids of steps are of a rule, so an answer is right when one of their actions could
// give it, and wrong when none could.
func TestSuiteAnswersForRulesThatShareAnID(t *testing.T) {
	t.Parallel()
	rules := write(t, "version: 1\nrules:\n"+
		"  - id: one\n    on: repo.update\n    steps: [{id: go, uses: model.convert, with: {to: safetensors}}]\n"+
		"  - id: two\n    on: discussion\n    steps: [{id: go, uses: hub.comment, with: {body: hello}}]\n")
	for outputs, want := range map[string][]string{
		"{pull_request: 7}":     {"ok    x"},
		"{pull_request: seven}": {"output pull_request of model.convert must be a number", `hub.comment has no output "pull_request"`},
		"{nothing: 7}":          {`model.convert has no output "nothing"`, `hub.comment has no output "nothing"`},
	} {
		path := filepath.Join(filepath.Dir(rules), "x_test.yaml")
		writeFile(t, path, "rules: rules.yaml\ntests:\n  - name: x\n"+
			"    event: {event: {scope: repo, action: update}, repo: {type: model, name: a/b}}\n"+
			"    steps: {go: {outputs: "+outputs+"}}\n    expect: {matched: [one]}\n")
		text, _ := runSuite(t, path)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in:\n%s", outputs, w, text)
			}
		}
	}
}

// TestSuiteEventsAreStrict: what is misspelt or of a wrong type in an event is refused where it stands, in the test or in
// the file beside it, and what the Hub may add some day is not.
func TestSuiteEventsAreStrict(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(write(t, "version: 1\nrules:\n  - id: r\n    on: repo\n    steps: [{uses: hub.comment, with: {body: x}}]\n"))
	writeFile(t, filepath.Join(dir, "push.json"), "{\n\t\"event\": {\"scop\": \"repo\", \"action\": \"update\"},\n"+
		"\t\"updatedRefs\": [{\"ref\": \"refs/heads/main\", \"newSha\": 1234567}]\n}\n")
	writeFile(t, filepath.Join(dir, "smile.json"), `{"event": {"action": "\ud83d\ude00", "scope": 3}}`)
	name := filepath.Join(dir, "x_test.yaml")
	writeFile(t, name, `rules: rules.yaml
tests:
  - name: inline
    event:
      event: {scop: repo, action: update}
      repo: {type: model, name: a/b, id: 1234567}
      updatedRefs: {}
    expect: {}
  - {name: a file, event: push.json, expect: {}}
  - {name: JSON that is no YAML, event: smile.json, expect: {}}
  - name: the future
    event: {event: {scope: repo, action: update, cause: x}, repo: {type: model, name: a/b}, sender: {id: 1}}
    expect: {matched: [r]}
`)
	_, problems := rule.RunTests(t.Context(), []string{name}, rule.Options{Actions: catalogue()})
	text := strings.ReplaceAll(filepath.ToSlash(problems.Text()), filepath.ToSlash(dir)+"/", "")
	var got []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, "error: ") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff([]string{
		`push.json:2:12: error: event: unknown field "event.scop" (did you mean "scope"?)`,
		`push.json:3:55: error: event: updatedRefs[0].newSha must be text, got a number; put quotes around it`,
		`smile.json:1:1: error: event: event.scope must be text, got a number; put quotes around it`,
		`x_test.yaml:5:15: error: event: unknown field "event.scop" (did you mean "scope"?)`,
		`x_test.yaml:6:42: error: event: repo.id must be text, got a number; put quotes around it`,
		`x_test.yaml:7:20: error: event: updatedRefs must be a list, got a mapping`,
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, text)
	}
}

func TestSuiteEmptyFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(filepath.Dir(write(t, "rules: []\n")), "x_test.yaml")
	writeFile(t, name, "")
	_, problems := rule.RunTests(t.Context(), []string{name}, rule.Options{Actions: catalogue()})
	if want := "it needs a list of tests"; !strings.Contains(problems.Text(), want) {
		t.Errorf("no %q in %s", want, problems.Text())
	}
}
