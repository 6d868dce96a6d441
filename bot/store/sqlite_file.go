package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// sqliteMagic begins every SQLite file (https://www.sqlite.org/fileformat.html).
const sqliteMagic = "SQLite format 3\x00"

// openFile makes the file unless it is there, for its owner only, and returns its own name: a link to it must lead to the
// same lock.
func openFile(path string) (string, error) {
	if err := checkFile(path); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// checkFile tells what SQLite would say in a number only: that the path is a folder, another kind of file, or not
// writable. A file that is not there yet is fine.
func checkFile(path string) (err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder; name a file in it, such as sqlite:%s/hfbot.db", path, path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("the database must be writable: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	begin := make([]byte, len(sqliteMagic))
	n, err := io.ReadFull(file, begin)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err == nil && n > 0 && !bytes.Equal(begin, []byte(sqliteMagic)) {
		err = fmt.Errorf("%s is no SQLite database; it is left as it is, name another file", path)
	}
	return err
}
