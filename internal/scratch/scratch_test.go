package scratch_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hfbot/hfbot/internal/scratch"
)

// TestMakeClearsWhatIsAbandoned makes a folder beside what a process that was killed has left, one that lives, and what only
// looks like one; the parent's name is no pattern.
func TestMakeClearsWhatIsAbandoned(t *testing.T) {
	t.Parallel()
	dir, elsewhere := filepath.Join(t.TempDir(), "[a"), filepath.Join(t.TempDir(), "made")
	if err := os.CopyFS(dir, fstest.MapFS{
		"work-killed/deep/spool": {Data: []byte("gigabytes")},
		"work-killed.lock":       {},
		"work-mine/data":         {},
		"work-folder/data":       {},
		"work-folder.lock/data":  {},
		"work-link/data":         {},
		"other-1/data":           {},
		"other-1.lock":           {},
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "work-link.lock")); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	lives, err := scratch.Make(dir, "work-")
	if err != nil {
		t.Fatal(err)
	}
	other, err := scratch.Make(dir, "work-")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*scratch.Folder{lives, other} {
		if info, err := os.Stat(f.Path); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", f.Path, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	want := slices.DeleteFunc(before, func(name string) bool { return strings.HasPrefix(name, "work-killed") })
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("in the end there are %v, want %v", got, want)
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("a file was made where a link led to")
	}
}

// TestMakeAtOnce has many processes, as it were, make and remove folders in one place: none removes another's.
func TestMakeAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				f, err := scratch.Make(dir, "work-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(f.Path, "data"), nil, 0o600); err != nil {
					t.Error(err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestMakeWhereNothingCanBeMade names the place, and not a file that says nothing to the user.
func TestMakeWhereNothingCanBeMade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "missing")
	_, err := scratch.Make(dir, "work-")
	if err == nil || !strings.Contains(err.Error(), "in "+dir+":") || strings.Contains(err.Error(), "work-") {
		t.Errorf("error %v", err)
	}
}

// names lists all in a folder, by path.
func names(t *testing.T, dir string) []string {
	t.Helper()
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if name != "." {
			found[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found))
}
