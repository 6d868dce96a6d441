package rule_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func options() rule.Options {
	return rule.Options{Actions: catalogue(), LookupEnv: func(string) (string, bool) { return "", false }}
}

// load loads rules that must be right.
func load(t testing.TB, paths ...string) *rule.Set {
	t.Helper()
	set, problems := rule.Load(paths, rule.Options{Actions: catalogue()})
	if set == nil {
		t.Fatalf("load %v:\n%s", paths, problems.Text())
	}
	return set
}

// write makes a rules file.
func write(t testing.TB, src string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules.yaml")
	writeFile(t, name, src)
	return name
}

// read returns the content of a file.
func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t testing.TB, name, src string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			set, problems := rule.Load([]string{name}, rule.Options{Actions: catalogue()})
			if set == nil || len(problems) > 0 {
				t.Fatalf("%s", problems.Text())
			}
			var b strings.Builder
			for _, r := range set.Rules {
				b.WriteString(r.ID + ": " + r.Summary + "\n")
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".txt", b.String())
		})
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			set, problems := rule.Load([]string{name}, options())
			if problems.HasErrors() != (set == nil) {
				t.Errorf("errors %v, set %v", problems.HasErrors(), set)
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".txt", filepath.ToSlash(problems.Text()))
		})
	}
}
