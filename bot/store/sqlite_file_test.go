package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		content, want string
	}{
		"gone.db":  {"", ""},
		"empty.db": {" ", ""},
		"good.db":  {sqliteMagic + "more", ""},
		"rules.db": {"version: 1\nrules: []\n", "no SQLite database"},
		"short.db": {"x", "no SQLite database"},
		".":        {"", "is a folder"},
	} {
		path := filepath.Join(dir, name)
		if tc.content != "" {
			if err := os.WriteFile(path, []byte(strings.TrimPrefix(tc.content, " ")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := checkFile(path)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("checkFile(%s) = %v, want %q", name, err, tc.want)
		}
	}
}

// TestFileIsNobodyElses wants a database that nobody else can read, wherever it is, and one bot on it whatever its name.
func TestFileIsNobodyElses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "hfbot.db"), filepath.Join(dir, "link.db")
	if err := os.Symlink(path, link); err != nil { // it leads to nothing yet
		t.Fatal(err)
	}
	s, err := Open(t.Context(), "sqlite:"+link)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, file := range []string{path, path + "-wal", path + ".lock"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s: %v; want only its owner to read it", file, info.Mode())
		}
	}
	for _, name := range []string{path, link} {
		if second, err := Open(t.Context(), "sqlite:"+name); err == nil || !strings.Contains(err.Error(), "another hfbot") {
			t.Errorf("a second bot opens %s: %v, %v", name, second, err)
		}
	}
}
