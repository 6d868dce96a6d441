package run_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// TestUploadsEndWithTheirRun keeps the folder of a run for the next bot while the run may go on, and not longer.
func TestUploadsEndWithTheirRun(t *testing.T) {
	t.Parallel()
	path, dir := sqlite(t), filepath.Join(t.TempDir(), "uploads")
	withDir := func(o *run.Options) { o.UploadDir = dir }
	failing := map[string]do{"test.fail": func(context.Context, *actions.Runtime, in) (out, error) {
		return out{}, actions.RetryAfter(time.Hour, os.ErrDeadlineExceeded)
	}}
	first := newBot(t, path, failing, withDir)
	ended := first.insert(store.StepPlan{ID: "a", Uses: "test.fail"})
	waiting := first.insert(store.StepPlan{ID: "a", Uses: "test.fail", Retry: store.Retry{Max: 1, Backoff: time.Hour}})
	first.await(ended, store.RunFailed)
	first.await(waiting, store.Waiting)
	first.close()
	for _, name := range []string{ended, waiting, "unknown"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	second := newBot(t, path, failing, withDir)
	awaitFolders(t, dir, waiting)
	if err := second.engine.Cancel(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	awaitFolders(t, dir)
}

// awaitFolders waits until a folder has these entries.
func awaitFolders(t *testing.T, dir string, want ...string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == len(want) && (len(want) == 0 || entries[0].Name() == want[0]) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in the folder: %v, want %v", entries, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
