package scratch

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTakeOfALockThatAnotherHas leaves a lock to the process that clears it away, which would remove the folder with it.
func TestTakeOfALockThatAnotherHas(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "work-1"+lockEnd)
	theirs, ours := take(name)
	if !ours {
		t.Fatal("a new lock is not taken")
	}
	if _, ours := take(name); ours {
		t.Error("a lock was taken that another process holds")
	}
	if err := removeLock(theirs); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(name); err == nil {
		t.Error("the lock was not removed")
	}
	again, ours := take(name)
	if !ours {
		t.Fatal("a lock that was removed is not taken")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
