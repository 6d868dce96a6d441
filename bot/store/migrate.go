package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations are the changes of the schema, one numbered file each. A file that was released is never edited again.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the database to the schema of this release: the queue's tables, then ours. A migration and its number
// are written in one transaction, so a crash leaves either both or none.
func migrate(ctx context.Context, db *sql.DB, now time.Time) error {
	queue, err := rivermigrate.New(riversqlite.New(db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare the queue's migrations: %w", err)
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue's tables: %w", err)
	}
	return migrateTables(ctx, db, now)
}

func migrateTables(ctx context.Context, db *sql.DB, now time.Time) error {
	_, err := db.ExecContext(ctx,
		`CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	var have int
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&have); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil {
		return err
	}
	if have > len(files) {
		return fmt.Errorf("its schema has version %d, this release knows %d: a newer hfbot wrote it; run that one",
			have, len(files))
	}
	for i, file := range files[have:] {
		if err := apply(ctx, db, file, have+i+1, now); err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
	}
	return nil
}

// apply runs one migration file and writes down its number, which must be the one in its name.
func apply(ctx context.Context, db *sql.DB, file string, version int, now time.Time) error {
	number, _, _ := strings.Cut(file[strings.LastIndexByte(file, '/')+1:], "_")
	if n, err := strconv.Atoi(number); err != nil || n != version {
		return fmt.Errorf("expected number %04d", version)
	}
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO schema_version (version, applied_at) VALUES (?, ?)`, version, micros(now))
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
