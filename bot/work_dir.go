package bot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

const (
	workDirPrefix = "hfbot-work-"
	workLockEnd   = ".lock"
)

// workDir is the folder of one process for what it needs while it runs. A lock beside it, which the kernel drops however
// the process dies, tells the next bot that nobody needs it any more: what a step had spooled may be gigabytes.
type workDir struct {
	path string
	lock *flock.Flock
}

// openWorkDir makes a folder under parent (empty: the system's temporary folder), and removes those that were abandoned.
func openWorkDir(parent string) (*workDir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	removeAbandoned(parent)
	lock, err := lockNew(parent)
	if err != nil {
		return nil, fmt.Errorf("make the work folder: %w", err)
	}
	w := &workDir{path: strings.TrimSuffix(lock.Path(), workLockEnd), lock: lock}
	if err := os.Mkdir(w.path, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("make the work folder: %w", err), w.close())
	}
	return w, nil
}

// lockNew makes a lock under parent and takes it. Another bot that looks for abandoned ones may be faster.
func lockNew(parent string) (*flock.Flock, error) {
	for range 10 {
		file, err := os.CreateTemp(parent, workDirPrefix+"*"+workLockEnd)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		if lock, ours := take(file.Name()); ours {
			return lock, nil
		}
	}
	return nil, fmt.Errorf("in %s other bots remove what this one makes", parent)
}

// take takes a lock, unless another bot has it, which then removes it. Where nothing can be locked, the folder is only not
// removed after a crash.
func take(name string) (lock *flock.Flock, ours bool) {
	lock = flock.New(name)
	held, err := lock.TryLock()
	if _, gone := os.Lstat(name); err != nil || held && gone == nil {
		return lock, true
	}
	_ = lock.Close()
	return nil, false
}

// close removes the folder, then the lock.
func (w *workDir) close() error {
	return errors.Join(os.RemoveAll(w.path), removeLock(w.lock))
}

// removeLock drops a lock with its file. The file goes first, so that nobody takes a lock that then disappears; only Windows
// removes no file that is open.
func removeLock(lock *flock.Flock) error {
	gone := os.Remove(lock.Path())
	err := lock.Close()
	if gone != nil {
		gone = os.Remove(lock.Path())
	}
	if !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// removeAbandoned removes the folders whose lock is free. Somebody else's cannot be removed, and are left alone.
func removeAbandoned(parent string) {
	locks, err := filepath.Glob(filepath.Join(parent, workDirPrefix+"*"+workLockEnd))
	if err != nil {
		return // parent is no pattern that Glob can read
	}
	for _, name := range locks {
		if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
			continue // a link that a stranger made would have another file locked
		}
		lock := flock.New(name)
		if free, err := lock.TryLock(); err != nil || !free {
			continue
		}
		if os.RemoveAll(strings.TrimSuffix(name, workLockEnd)) != nil {
			_ = lock.Close()
			continue
		}
		_ = removeLock(lock)
	}
}
