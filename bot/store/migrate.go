package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations are the changes of the schema, one numbered file each. A file that was released is never edited again.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrateSQLite brings the database to the schema of this release: the queue's tables, then ours.
func (s *Store) migrateSQLite(ctx context.Context) error {
	if err := markFile(ctx, s.db); err != nil {
		return err
	}
	queue, err := rivermigrate.New(riversqlite.New(s.db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare the queue's migrations: %w", err)
	}
	return s.migrateTables(ctx, func() error {
		_, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// migrateTables runs the queue's migrations and then ours that the database has not seen, unless a newer release has
// changed it. A migration and its number are written in one transaction, so a crash leaves either both or none.
func (s *Store) migrateTables(ctx context.Context, migrateQueue func() error) error {
	have, err := s.schemaVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if have > len(files) {
		return fmt.Errorf("its schema has version %d, this release knows %d: a newer hfbot wrote it; run that one",
			have, len(files))
	}
	if err := migrateQueue(); err != nil {
		return fmt.Errorf("migrate the queue's tables: %w", err)
	}
	for i, file := range files[have:] {
		if err := s.apply(ctx, file, have+i+1); err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
	}
	return nil
}

// schemaVersion reads which migrations the database has seen, and makes the table of them if there is none. That comes
// second: PostgreSQL wants the right to make tables also for one that is there, and the bot needs that at upgrades only.
func (s *Store) schemaVersion(ctx context.Context) (version int, err error) {
	read := func() error {
		return s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&version)
	}
	if read() == nil {
		return version, nil
	}
	_, err = s.db.ExecContext(ctx,
		`CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return 0, err
	}
	return version, read()
}

// apply runs one migration file and writes down its number, which must be the one in its name.
func (s *Store) apply(ctx context.Context, file string, version int) error {
	number, _, _ := strings.Cut(file[strings.LastIndexByte(file, '/')+1:], "_")
	if n, err := strconv.Atoi(number); err != nil || n != version {
		return fmt.Errorf("expected number %04d", version)
	}
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// The files are written in SQLite's words; the one that PostgreSQL has another for is the type of bytes.
	statements := strings.ReplaceAll(string(text), " BLOB ", " "+s.dialect.bytes+" ")
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	_, err = handle{standard{tx}, s.dialect}.ExecContext(ctx, `INSERT INTO schema_version (version, applied_at) VALUES (?, ?)`,
		version, micros(s.Now()))
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
