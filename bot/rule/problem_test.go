package rule_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/rule/ruletest"
)

func TestProblemFormats(t *testing.T) {
	t.Parallel()
	_, problems := rule.Load([]string{"testdata/bad/formats.yaml"}, options())
	for name, render := range map[string]func() ([]byte, error){"json": problems.JSON, "sarif": problems.SARIF} {
		got, err := render()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/bad/formats."+name, string(got)+"\n")
	}
	if !strings.HasSuffix(problems.Error(), "(and 1 more)") {
		t.Errorf("error: %v", problems)
	}
}

func TestMissingAndEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "gone.yaml"), dir} {
		set, problems := rule.Load([]string{path}, options())
		if set != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "cannot be read") {
			t.Errorf("%s: %v, %v", path, set, problems)
		}
	}
}

// TestIDsAreUniqueOverAllFiles names the other file.
func TestIDsAreUniqueOverAllFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yml"} {
		writeFile(t, filepath.Join(dir, name),
			"version: 1\nrules:\n  - id: same\n    on: repo\n    steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]\n")
	}
	_, problems := rule.Load([]string{dir}, options())
	if len(problems) != 1 || problems[0].Line != 3 || problems[0].Column != 5 ||
		problems[0].Message != `duplicate rule id "same" (first at `+filepath.Join(dir, "a.yaml")+":3)" {
		t.Errorf("got %s", problems.Text())
	}
}

// TestFolder: tests, settings and dot folders are no rules.
func TestFolder(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/folder")
	if len(set.Rules) != 2 || len(set.Files) != 2 {
		t.Errorf("read %v", set.Files)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"rules: &a [*a]":               "the alias *a holds itself",
		"vars: &a {x: {y: *a}}":        "the alias *a holds itself",
		"vars: {a: &a x, b: *a}":       `a rule file has no "rules"`,
		"vars: {a: [1, 2]}\nrules: *b": "unknown anchor 'b' referenced",
	}
	bomb := "vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("  a%d: &a%d [*a%d, *a%[3]d, *a%[3]d, *a%[3]d, *a%[3]d, *a%[3]d]\n", i, i, i-1)
	}
	tests[bomb] = "aliases repeat more than 100000 values"
	for src, want := range tests {
		_, problems := rule.Load([]string{write(t, src)}, options())
		if len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%.40q: got %v, want %q", src, problems, want)
		}
	}
}

// TestMisreadExpressions: where YAML takes an expression without quotes for something else, the message names the place
// and what to do; where the file is no text, it says where.
func TestMisreadExpressions(t *testing.T) {
	t.Parallel()
	quote := "put quotes around the whole expression"
	for src, want := range map[string]string{
		"['a'].exists(x, x == repo.name)":    quote,
		"{'a': 1}['a'] == 1":                 quote,
		`"a" == repo.name`:                   quote,
		"'a' == repo.name":                   quote,
		"*x":                                 quote,
		"@x":                                 quote,
		"%x":                                 quote,
		"`x`":                                quote,
		"!repo.private":                      quote,
		"!(repo.private)":                    quote,
		"repo.name == 'x: y'":                quote,
		"tags.exists(t, t == 'a #b')":        "is not closed; YAML takes # after a space for a comment: " + quote,
		"repo.name == 'caf\xe9'":             "this is no UTF-8",
		"repo.name == '\x1b[31m'":            `the control character U+001B is not allowed; in double quotes it may be written as \x1b`,
		"repo.na\x00me == 'x'":               "the control character U+0000 is not allowed",
		strings.Repeat("(", 600) + "true":    "nested too deeply",
		"repo" + strings.Repeat(".x", 1_000): "nested too deeply",
	} {
		file := "version: 1\nrules:\n  - id: a\n    on: repo\n    if: " + src +
			"\n    steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]\n"
		_, problems := rule.Load([]string{write(t, file)}, options())
		if len(problems) != 1 || problems[0].Line != 5 || problems[0].Column < 9 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%.60q: %v, want line 5 and %q", src, problems, want)
		}
		if strings.ContainsAny(problems.Text(), "\x00\x1b") {
			t.Errorf("%.60q: control characters reach the terminal: %q", src, problems.Text())
		}
	}
}

func TestShortSecretIsWarnedOf(t *testing.T) {
	t.Parallel()
	src := "version: 1\nrules:\n  - id: r\n    on: repo\n    steps:\n      - uses: ci.github\n" +
		"        with: {repository: a/b, workflow: x}\n        secrets: {token: TOKEN}\n"
	for value, want := range map[string]string{
		"": "warning: secret TOKEN is not set", "abcde": "8:26: warning: secret TOKEN is so short", "abcdef": "",
	} {
		opts := options()
		opts.LookupEnv = func(name string) (string, bool) { return value, name == "TOKEN" && value != "" }
		set, problems := rule.Load([]string{write(t, src)}, opts)
		if set == nil || len(problems) > 1 || (want == "") != (len(problems) == 0) || !strings.Contains(problems.Text(), want) {
			t.Errorf("%q: %s", value, problems.Text())
		}
		if value != "" && strings.Contains(strings.ReplaceAll(problems.Text(), "TOKEN", ""), value) {
			t.Errorf("the secret is shown: %s", problems.Text())
		}
	}
}

// TestSyntaxHints: what the parser says in words of its own, said in the reader's.
func TestSyntaxHints(t *testing.T) {
	t.Parallel()
	const open = "version: 1\nrules:\n"
	for src, want := range map[string]string{
		open + "\t- id: a\n":                                      "3:1: error: YAML: found character that cannot start any token; YAML wants spaces where this line begins with a tab",
		open + "  -\tid: a\n    on: repo\n":                       "begins with a tab",
		"%YAML 1.2\n---\nrules: []\n":                             "1:1: error: YAML: found incompatible YAML document; take the line with %YAML out",
		open + "  - if: \"a\n      b\"\n    on: [repo, >-\n   x]": "5:1: error: YAML: found character that cannot start any token\n",
	} {
		_, problems := rule.Load([]string{write(t, src)}, options())
		if len(problems) != 1 || !strings.Contains(problems.Text(), want) {
			t.Errorf("%q: %s, want %q", src, problems.Text(), want)
		}
	}
}

// TestIDsThatAreNoText: what stands where an id does is reported, and nothing else goes wrong.
func TestIDsThatAreNoText(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "[a]", "{}", "!x", "''"} {
		src := "version: 1\nrules:\n  - id: " + id + "\n    on: repo\n    steps:\n" +
			strings.Repeat("      - id: "+id+"\n        uses: hub.comment\n        with: {body: x}\n", 2) +
			"      - {uses: hub.comment, with: {body: x}}\n"
		_, problems := rule.Load([]string{write(t, src)}, options())
		if len(problems) != 3 {
			t.Errorf("id %q: %s", id, problems.Text())
		}
	}
}

// FuzzLoad: no file makes the decoder panic, every problem stands inside the file, and the schema takes what loads.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/good/readme.yaml", "testdata/bad/errors.yaml", "testdata/bad/yaml.yaml"} {
		f.Add(read(f, name))
	}
	f.Add("rules: &a [*a]")
	f.Add("rules: [{id: , on: repo, steps: [{uses: hub.comment}, {id: , uses: hub.comment}, {id: '', uses: hub.comment}]}]")
	f.Add("a: &a [x]\nb: &b [*a,*a]\nrules: [{id: r, on: repo, steps: [{uses: hub.comment, with: {body: *b}}]}]")
	name := filepath.Join(f.TempDir(), "rules.yaml")
	validate := ruletest.Validator(f, catalogue())
	f.Fuzz(func(t *testing.T, src string) {
		writeFile(t, name, src)
		breaks := 0
		for _, r := range src {
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
				breaks++
			}
		}
		set, problems := rule.Load([]string{name}, options())
		if (set == nil) != problems.HasErrors() {
			t.Errorf("set %v, problems %v", set, problems)
		}
		for _, p := range problems {
			if p.Line < 0 || p.Column < 0 || p.Line > breaks+2 {
				t.Errorf("%s stands outside the file", p)
			}
		}
		problems.Text()
		if set != nil {
			if err := validate(src); err != nil {
				t.Errorf("it loads, but the schema says: %v", err)
			}
		}
	})
}

// TestSourceLinesDoNotSteerTheTerminal: the line that is shown may be a stranger's.
func TestSourceLinesDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	problems := rule.Problems{{File: "f", Line: 1, Column: 1, Message: "m", Source: "a\tb\x1bc\u202ed\u200ee\u061cf\u2069"}}
	if got, want := problems.Text(), "    a\tb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFD\n"; !strings.Contains(got, want) {
		t.Errorf("no %q in %q", want, got)
	}
}
