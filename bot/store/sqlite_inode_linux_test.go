package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFileWithTwoNames opens a database by a hard link: while a bot has it open, and after one was killed.
func TestFileWithTwoNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "hfbot.db"), filepath.Join(dir, "other", "link.db")
	s, err := Open(t.Context(), "sqlite:"+path)
	if err == nil {
		err = os.Mkdir(filepath.Dir(link), 0o700)
	}
	if err == nil {
		err = os.Link(path, link)
	}
	if err != nil {
		t.Fatal(err)
	}
	opensNot := func(name, want string) {
		t.Helper()
		if second, err := Open(t.Context(), "sqlite:"+name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is opened: %v, %v; want %q", name, second, err, want)
		}
	}
	opensNot(link, "another hfbot has it open, by another name")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	opensNot(link, "it has 2 names")
	opensNot(path, "it has 2 names")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
