package bot

import (
	"path/filepath"
	"testing"
)

// TestTakeOfALockThatAnotherBotHas leaves a lock to the bot that clears it away, which would remove the folder with it.
func TestTakeOfALockThatAnotherBotHas(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), workDirPrefix+"1"+workLockEnd)
	theirs, ours := take(name)
	if !ours {
		t.Fatal("a new lock is not taken")
	}
	if _, ours := take(name); ours {
		t.Error("a lock was taken that another bot holds")
	}
	if err := removeLock(theirs); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(name); len(left) != 0 {
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
