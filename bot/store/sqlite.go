package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"modernc.org/sqlite" // the SQLite driver, pure Go

	"github.com/hfbot/hfbot/internal/database"
)

const (
	readers      = 4     // connections of the pool that reads
	foldersMode  = 0o700 // bodies of private repositories' events are inside
	memoryPrefix = "hfbot-memory-"
)

// openSQLite locks and opens the file at path, and migrates it. On an error it leaves nothing open.
func (s *Store) openSQLite(ctx context.Context, path string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	s.dialect, s.unlock = sqliteDialect, func() error { return nil }
	if _, err := s.SetClock(ctx); err != nil {
		return err
	}
	cleanUp := func() error { return nil }
	if path == database.Memory {
		dir, err := os.MkdirTemp("", memoryPrefix)
		if err != nil {
			return err
		}
		path, cleanUp = filepath.Join(dir, "hfbot.db"), func() error { return os.RemoveAll(dir) }
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), foldersMode); err != nil {
		return fmt.Errorf("make its folder: %w", err)
	}
	if path, err = openFile(path); err != nil {
		return errors.Join(err, cleanUp())
	}
	if err := s.lockFile(ctx, path, cleanUp); err != nil {
		return err
	}
	if s.tightened, err = tighten(path); err != nil {
		return err
	}
	if s.db, err = openPool(dsn(path, ""), 1); err != nil {
		return err
	}
	if err := s.migrateSQLite(ctx); err != nil {
		return err
	}
	if s.readDB, err = openPool(dsn(path, "query_only(1)"), readers); err != nil {
		return err
	}
	return s.readDB.PingContext(ctx)
}

// lockFile takes the locks of the file at path, which is ours afterwards; unlocking it cleans up.
func (s *Store) lockFile(ctx context.Context, path string, cleanUp func() error) error {
	_, unmade := os.Stat(path + ".lock")
	release, err := lock(path + ".lock")
	if err != nil {
		return errors.Join(err, cleanUp())
	}
	s.unlock = func() error { return errors.Join(release(), cleanUp()) }
	releaseInode, err := lockInode(path)
	if err != nil {
		return err
	}
	s.unlock = func() error { return errors.Join(releaseInode(), release(), cleanUp()) }
	if s.file, err = rememberFile(path); err != nil {
		return err
	}
	err = checkOwner(ctx, path)
	if err != nil && unmade != nil { // nothing of ours stays beside a file that is not ours
		s.unlock = func() error { return errors.Join(releaseInode(), release(), os.Remove(path+".lock"), cleanUp()) }
	}
	return err
}

// openPool opens a pool of so many connections. They stay open, and with them their prepared statements.
func openPool(dsn string, size int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(preparing{connector})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// lock takes the kernel's exclusive lock on a file. The kernel drops it when the process dies, however it dies.
func lock(path string) (release func() error, err error) {
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !ok {
		return nil, fmt.Errorf("another hfbot has it open (%s is locked); stop that one first, or give this one a "+
			"database of its own", path)
	}
	return l.Close, nil
}

// dsn is the driver's name for a file. FULL makes a commit wait for the disk, which is what a 202 promises; immediate
// transactions take the write lock when they begin, so none fails halfway for having read first.
func dsn(path, pragma string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "journal_size_limit(67108864)",
	}}
	if pragma != "" {
		q.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// closeFiles closes what is open and gives the lock back last, so that the next process finds the file complete.
func (s *Store) closeFiles() error {
	var errs []error
	for _, db := range []*sql.DB{s.readDB, s.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
	}
	return errors.Join(errs...)
}
