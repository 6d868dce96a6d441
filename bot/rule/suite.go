package rule

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// TestResult is one test of a *_test.yaml file.
type TestResult struct {
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Name        string   `json:"name"`
	Failures    []string `json:"failures"`              // empty: the test passed
	Explanation string   `json:"explanation,omitempty"` // of a failed test
}

// testCase is one test as written.
type testCase struct {
	name   string
	line   int
	event  []byte
	facts  testFacts
	steps  map[string]any
	expect expectation
}

// testFile is a *_test.yaml file. Without rules, it tests the file of its own name without _test, else its folder.
type testFile struct {
	name  string
	bot   string
	rules []string
	tests []testCase
}

// RunTests runs the tests beside the rules: paths are *_test.yaml files, rule files or folders, of which the tests in
// and below are run. It uses no network. Problems are those of the test files and of the rules they are for.
func RunTests(ctx context.Context, paths []string, opts Options) ([]TestResult, Problems) {
	l := newLoader(opts)
	results := []TestResult{}
	for _, name := range l.testFiles(paths) {
		f := l.readTests(name)
		if f == nil {
			continue
		}
		set, problems := Load(f.rules, opts)
		if set == nil {
			l.problems = append(l.problems, problems...)
			continue
		}
		for i := range f.tests {
			results = append(results, f.run(ctx, &f.tests[i], set, opts))
		}
	}
	return results, l.problems.sort()
}

// testFiles lists the test files of all paths, each once.
func (l *loader) testFiles(paths []string) []string {
	var files []string
	for _, p := range paths {
		dir := p
		if info, err := os.Stat(p); err != nil {
			l.fileProblem(p, err)
			continue
		} else if !info.IsDir() {
			if isTestFile(p) {
				files = append(files, p)
				continue
			}
			dir = filepath.Dir(p)
		}
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				if err == nil && path != dir && (dir != p || strings.HasPrefix(e.Name(), ".")) {
					return filepath.SkipDir
				}
				return err
			}
			if isTestFile(path) {
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			l.fileProblem(p, err)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func isTestFile(name string) bool {
	return strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, "_test.yml")
}

// readTests decodes one test file; nil when it is wrong.
func (l *loader) readTests(name string) *testFile {
	before := len(l.problems)
	src, err := readFile(name)
	if err != nil {
		l.fileProblem(name, err)
		return nil
	}
	d := &decoder{loader: l, file: name, dir: filepath.Dir(name), text: splitText(src)}
	if !d.checkCharacters(src) {
		return nil
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(src)).Decode(&doc); err != nil {
		d.syntaxError(err)
		return nil
	}
	if !d.checkAliases(&doc) {
		return nil
	}
	f := &testFile{name: name}
	d.object(doc.Content[0], "a test file", testFileKeys(f))
	if len(f.rules) == 0 {
		f.rules = []string{rulesOf(name)}
	}
	if len(l.problems) > before {
		return nil
	}
	return f
}

// rulesOf is what a test file is for: its namesake, else its folder.
func rulesOf(name string) string {
	for _, ext := range []string{"_test.yaml", "_test.yml"} {
		base := strings.TrimSuffix(name, ext)
		for _, rules := range []string{base + ".yaml", base + ".yml"} {
			if _, err := os.Stat(rules); err == nil && base != name {
				return rules
			}
		}
	}
	return filepath.Dir(name)
}

func testFileKeys(f *testFile) []key {
	return []key{
		{
			name: "bot", doc: "Id of the bot's own account.", schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { f.bot, _ = d.constant(n, "bot") },
		},
		{
			name: "rules", doc: "Rule files or folders, relative to this file.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) {
				for _, p := range d.texts(n, "rules") {
					f.rules = append(f.rules, filepath.Join(d.dir, p))
				}
			},
		},
		{
			name: "tests", doc: "The tests.", required: true, schema: anySchema,
			decode: func(d *decoder, n *yaml.Node) {
				if n.Kind != yaml.SequenceNode {
					d.errorf(n, "tests must be a list, got %s", kindOf(n))
					return
				}
				for _, e := range d.list(n) {
					c := testCase{line: e.Line}
					d.object(e, "a test", testCaseKeys(&c))
					f.tests = append(f.tests, c)
				}
			},
		},
	}
}

func testCaseKeys(c *testCase) []key {
	return []key{
		{
			name: "name", doc: "What it shows.", required: true, schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) {
				if d.isText(n, "name") {
					c.name = n.Value
				}
			},
		},
		{
			name: "event", doc: "A payload: a file beside the test, or inline.", required: true, schema: anySchema,
			decode: func(d *decoder, n *yaml.Node) { c.event = d.event(n) },
		},
		{
			name: "facts", doc: "What the Hub would answer.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) {
				c.facts = testFacts{}
				for _, p := range d.mapping(n, "facts") {
					if names := append([]string{expr.FactSHA}, expr.FactNames...); !slices.Contains(names, p.key.Value) {
						d.unknown(p.key, names)
						continue
					}
					v := d.value(p.value, "facts."+p.key.Value)
					if err := expr.CheckFact(p.key.Value, v); err != nil {
						d.errorf(p.value, "facts.%s %v", p.key.Value, err)
					}
					c.facts[p.key.Value] = v
				}
			},
		},
		{
			name: "steps", doc: "What the actions would answer, by the id of the step.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) { c.steps, _ = d.value(n, "steps").(map[string]any) },
		},
		{
			name: "expect", doc: "What must come of it.", required: true, schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) { d.object(n, "expect", expectKeys(&c.expect)) },
		},
	}
}

// WriteResults renders test results for people: a line for each, and the explanation of those that failed. It tells
// whether all passed.
func WriteResults(w io.Writer, results []TestResult) (passed bool, err error) {
	var b strings.Builder
	failed := 0
	for _, r := range results {
		b.WriteString(r.Text())
		if len(r.Failures) > 0 {
			failed++
		}
	}
	b.WriteString(tally(len(results), failed))
	_, err = io.WriteString(w, b.String())
	return failed == 0, err
}
