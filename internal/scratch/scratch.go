// Package scratch gives a process a folder for what it needs while it runs. A lock beside the folder, which the kernel drops
// however the process dies, tells those after it that nobody needs what is in there any more: it may be gigabytes.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// lockEnd is what the name of a lock has after that of its folder.
const lockEnd = ".lock"

// Folder is the folder of one process.
type Folder struct {
	Path string
	lock *flock.Flock
}

// Make makes a folder in parent that others cannot read, whose name begins with prefix, and before it removes those of that
// prefix whose processes are gone. The error names parent and no other file.
func Make(parent, prefix string) (*Folder, error) {
	clearAbandoned(parent, prefix)
	for range 10 {
		file, err := os.CreateTemp(parent, prefix+"*"+lockEnd)
		if err != nil {
			return nil, fmt.Errorf("make a folder in %s: %w", parent, cause(err))
		}
		if err := file.Close(); err != nil {
			return nil, errors.Join(err, os.Remove(file.Name()))
		}
		lock, ours := take(file.Name())
		if !ours {
			continue // another process looks for abandoned ones just now, and was faster
		}
		f := &Folder{Path: strings.TrimSuffix(file.Name(), lockEnd), lock: lock}
		if err := os.Mkdir(f.Path, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make a folder in %s: %w", parent, cause(err)), removeLock(lock))
		}
		return f, nil
	}
	return nil, fmt.Errorf("make a folder in %s: other processes remove what this one makes", parent)
}

// cause is an error without the name of a file that says nothing to the user.
func cause(err error) error {
	if failed := new(os.PathError); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// Close removes the folder, then the lock.
func (f *Folder) Close() error {
	return errors.Join(os.RemoveAll(f.Path), removeLock(f.lock))
}

// take takes a lock, unless another process has it, which then removes it. Where nothing can be locked, the folder is only
// not removed after a crash.
func take(name string) (lock *flock.Flock, ours bool) {
	lock = flock.New(name)
	held, err := lock.TryLock()
	if _, gone := os.Lstat(name); err != nil || held && gone == nil {
		return lock, true
	}
	_ = lock.Close()
	return nil, false
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

// clearAbandoned removes the folders whose lock is free. What has no lock, or something else in its place, no process made;
// somebody else's cannot be removed, and is left alone.
func clearAbandoned(parent, prefix string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // it may be written and not be listed
	}
	for _, e := range entries {
		// A link that a stranger made would have another file locked.
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), lockEnd) {
			continue
		}
		lock := flock.New(filepath.Join(parent, e.Name()))
		if free, err := lock.TryLock(); err != nil || !free {
			continue
		}
		if os.RemoveAll(strings.TrimSuffix(lock.Path(), lockEnd)) != nil {
			_ = lock.Close()
			continue
		}
		_ = removeLock(lock)
	}
}
