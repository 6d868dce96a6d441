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
	file, err := os.CreateTemp(parent, workDirPrefix+"*"+workLockEnd)
	if err != nil {
		return nil, fmt.Errorf("make the work folder: %w", err)
	}
	w := &workDir{path: strings.TrimSuffix(file.Name(), workLockEnd), lock: flock.New(file.Name())}
	// Where nothing can be locked, the folder is only not removed after a crash.
	_, _ = w.lock.TryLock()
	if err := errors.Join(file.Close(), os.Mkdir(w.path, 0o700)); err != nil {
		return nil, errors.Join(fmt.Errorf("make the work folder: %w", err), w.close())
	}
	return w, nil
}

// close removes the folder, then the lock.
func (w *workDir) close() error {
	return errors.Join(os.RemoveAll(w.path), removeLock(w.lock))
}

// removeLock drops a lock with its file. It is dropped first, since Windows removes no file that is open.
func removeLock(lock *flock.Flock) error {
	err := lock.Close()
	if gone := os.Remove(lock.Path()); !errors.Is(gone, os.ErrNotExist) {
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
