package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
)

// sqliteMagic begins every SQLite file (https://www.sqlite.org/fileformat.html).
const sqliteMagic = "SQLite format 3\x00"

// applicationID marks a file as ours: "hfbt" (https://www.sqlite.org/pragma.html#pragma_application_id).
const applicationID = 0x68666274

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
	case !info.Mode().IsRegular(): // reading a pipe would wait for ever
		return fmt.Errorf("%s is no file but a pipe, socket or device; name a file", path)
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

// checkOwner refuses the database of another program, and changes nothing in it. Ours has our mark, or is of a release
// before there was one, or has no tables yet but those of the queue.
func checkOwner(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", (&url.URL{
		Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "_pragma=busy_timeout(5000)&_pragma=query_only(1)",
	}).String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var mark, ours, others int
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&mark); err != nil {
		return fmt.Errorf("read whose file it is: %w", err)
	}
	err = db.QueryRowContext(ctx, `SELECT COUNT(CASE WHEN name IN ('schema_version', 'deliveries', 'runs') THEN 1 END),
		COUNT(CASE WHEN name NOT LIKE 'river\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' THEN 1 END)
		FROM sqlite_master WHERE type = 'table'`).Scan(&ours, &others)
	if err != nil {
		return fmt.Errorf("read whose file it is: %w", err)
	}
	if mark == applicationID || mark == 0 && (ours == 3 || others == 0) {
		return nil
	}
	return errors.New("it is the database of another program, which is left as it is; name another file")
}

// tighten closes our file to all but its owner, and what SQLite keeps beside it, as far as it is ours to change: a backup
// that was put back may be open to all. It tells whether the file was.
func tighten(path string) (changed bool, err error) {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		before, err := os.Stat(name)
		if errors.Is(err, os.ErrNotExist) || err == nil && before.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(name, before.Mode().Perm()&0o600)
		}
		if errors.Is(err, os.ErrPermission) { // another account's
			continue
		}
		if err != nil {
			return changed, fmt.Errorf("close the file to others: %w", err)
		}
		after, err := os.Stat(name) // a system without such rights says that it went well
		changed = changed || err == nil && after.Mode() != before.Mode()
	}
	return changed, nil
}

// markFile marks the file as ours, unless it is marked.
func markFile(ctx context.Context, db *sql.DB) error {
	var mark int
	err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&mark)
	if err == nil && mark != applicationID {
		_, err = db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
	}
	if err != nil {
		return fmt.Errorf("mark the file: %w", err)
	}
	return nil
}

// openedFile is the file that was opened; on PostgreSQL there is none.
type openedFile struct {
	path string
	info os.FileInfo
}

func rememberFile(path string) (openedFile, error) {
	info, err := os.Stat(path)
	return openedFile{path, info}, err
}

// inPlace returns an [ErrGone] when another file, or none, is where the database was opened.
func (s *Store) inPlace() error {
	if s.file.info == nil {
		return nil
	}
	now, err := os.Stat(s.file.path)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && !os.SameFile(s.file.info, now):
		return fmt.Errorf("%w: %s was removed or replaced; restart the bot with the file that it shall have", ErrGone, s.file.path)
	case err != nil:
		return fmt.Errorf("store: look for the database's file: %w", err)
	}
	return nil
}
