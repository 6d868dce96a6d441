package rule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
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

// TestFolder: tests, settings and dot folders are no rules.
func TestFolder(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/folder")
	if len(set.Rules) != 2 || len(set.Files) != 2 {
		t.Errorf("read %v", set.Files)
	}
}

// FuzzLoad: no file makes the decoder panic, and every problem stands inside the file.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/good/readme.yaml", "testdata/bad/errors.yaml", "testdata/bad/yaml.yaml"} {
		f.Add(read(f, name))
	}
	f.Add("rules: &a [*a]")
	f.Add("a: &a [x]\nb: &b [*a,*a]\nrules: [{id: r, on: repo, steps: [{uses: hub.comment, with: {body: *b}}]}]")
	name := filepath.Join(f.TempDir(), "rules.yaml")
	f.Fuzz(func(t *testing.T, src string) {
		writeFile(t, name, src)
		set, problems := rule.Load([]string{name}, options())
		if (set == nil) != problems.HasErrors() {
			t.Errorf("set %v, problems %v", set, problems)
		}
		for _, p := range problems {
			if p.Line < 0 || p.Column < 0 || p.Line > strings.Count(src, "\n")+2 {
				t.Errorf("%s stands outside the file", p)
			}
		}
		problems.Text()
	})
}
