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
