package bot_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hfbot/hfbot/bot"
)

// TestAbandonedWorkFolders starts a bot beside what one that was killed has left, and beside one that lives.
func TestAbandonedWorkFolders(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	lives := folders(t, s.dir)
	if len(lives) != 1 {
		t.Fatalf("a bot has the folders %v", lives)
	}
	left := filepath.Join(s.dir, "hfbot-work-1")
	s.must(os.MkdirAll(filepath.Join(left, "steps", "step-1"), 0o700))
	s.must(os.WriteFile(filepath.Join(left, "steps", "step-1", "spool"), []byte("gigabytes"), 0o600))
	s.must(os.WriteFile(left+".lock", nil, 0o600))

	other := newStage(t, welcome)
	other.stop()
	other.change = func(o *bot.Options) { o.WorkDir = s.dir }
	other.start()
	got := folders(t, s.dir)
	if len(got) != 2 || slices.Contains(got, left) || !slices.Contains(got, lives[0]) {
		t.Errorf("with a second bot there are %v; the first has %v", got, lives)
	}
	other.stop()
	if got := folders(t, s.dir); !slices.Equal(got, lives) {
		t.Errorf("after it ended there are %v, want %v", got, lives)
	}
}

// folders lists the work folders.
func folders(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "hfbot-work-*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return filepath.Ext(name) == ".lock" })
}
