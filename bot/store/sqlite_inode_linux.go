package store

import (
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// lockInode locks the database file itself, whatever names and folders it is seen under: the lock beside it is another one
// for each folder that a container has the file mounted in. The byte it takes lies far behind those that SQLite locks and
// any that a database has, and the lock is of this open file, not of the process, so neither knows of the other. What does
// not have such locks (gVisor, some network file systems) goes without.
//
// A file with two names is refused also when nobody has it open. What a bot that was killed had committed last may be in
// the file that SQLite keeps beside the one name, where it does not look when the database is opened by the other.
func lockInode(path string) (release func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: math.MaxInt64 - 1, Len: 1}
	err = unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &lock)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("another hfbot has it open, by another name or in another container; stop that one first, " +
			"or give this one a database of its own")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return nil, fmt.Errorf("look for other names of the file: %w", err)
	}
	if stat.Nlink > 1 {
		return nil, fmt.Errorf("it has %d names (hard links), and what was written last may be kept beside one of the others; "+
			"remove all but the one that it was last used by, or copy it", stat.Nlink)
	}
	return file.Close, nil
}
