package store

import (
	"bytes"
	"database/sql"
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
	if err := checkFile(os.DevNull); err == nil || !strings.Contains(err.Error(), "no file but") {
		t.Errorf("a device: %v", err)
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

// TestFileIsClosedToOthers puts back a backup that everybody can read.
func TestFileIsClosedToOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hfbot.db")
	for _, open := range []bool{false, true} {
		if open {
			if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // what the test is about
				t.Fatal(err)
			}
		}
		s, err := Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		if s.Tightened() != open {
			t.Errorf("open to others: %t, tightened: %t", open, s.Tightened())
		}
		for _, file := range []string{path, path + "-wal", path + "-shm"} {
			if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %v, %v; want only its owner to read it", file, info, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(t.TempDir(), "other.db")
	change(t, other, `CREATE TABLE notes (id INTEGER)`)
	if err := os.Chmod(other, 0o644); err != nil { //nolint:gosec // another program's
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "sqlite:"+other); err == nil {
		t.Error("the database of another program is opened")
	}
	if info, err := os.Stat(other); err != nil || info.Mode() != 0o644 {
		t.Errorf("the file of another program: %v, %v", info, err)
	}
}

// The database of another program is refused and stays as it is, byte by byte; ours of a release that did not mark its files
// is taken and marked.
func TestFileOfAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statements, want string
	}{
		"its tables":      {`CREATE TABLE notes (id INTEGER)`, "of another program"},
		"its mark":        {`PRAGMA application_id = 7; CREATE TABLE river_job (id INTEGER)`, "of another program"},
		"a common name":   {`CREATE TABLE schema_version (version BIGINT); CREATE TABLE notes (id INTEGER)`, "of another program"},
		"tables no more":  {`CREATE TABLE notes (id INTEGER); DROP TABLE notes`, ""},
		"ours, not begun": {`CREATE TABLE river_migration_lock (id INTEGER PRIMARY KEY AUTOINCREMENT)`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "other.db")
			change(t, path, tc.statements)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), "sqlite:"+path)
			if err == nil {
				err = s.Close()
			}
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("open: %v, want %q", err, tc.want)
			}
			after, err := os.ReadFile(path)
			if err != nil || tc.want != "" && !bytes.Equal(before, after) {
				t.Errorf("the file was changed, %v", err)
			}
			if _, err := os.Stat(path + ".lock"); (err == nil) != (tc.want == "") {
				t.Errorf("the lock beside it: %v", err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "old.db")
	for i := range 2 {
		s, err := Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil || string(content[68:72]) != "hfbt" {
			t.Errorf("opened %d times: its mark is %q, %v", i+1, content[68:72], err)
		}
		change(t, path, `PRAGMA application_id = 0`) // as an older release left it
	}
}

// change runs statements on a file.
func change(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
