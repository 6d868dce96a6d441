package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// querier is what reads: the pool that reads, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a write transaction, and valid only inside the function that [Store.InTx] calls. It carries that call's
// context, since it lives no longer than the call.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	store   *Store
	now     time.Time
	tickets Tickets
	changes []Change
}

// InTx runs f in one write transaction, once. It commits when f returns nil; otherwise, and when f panics, nothing is
// written. Inside f use only tx: there is one connection that writes, and it is taken.
func (s *Store) InTx(ctx context.Context, f func(tx *Tx) error) error {
	sqlTx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }() // after a commit this does nothing
	s.mu.RLock()
	tickets, changed := s.tickets, s.changed
	s.mu.RUnlock()
	tx := &Tx{ctx: ctx, tx: sqlTx, store: s, now: s.now(), tickets: tickets}
	if err := f(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	if changed != nil {
		for _, c := range tx.changes {
			changed(c)
		}
	}
	return nil
}

// SQL is the transaction itself, for the queue.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// exec runs a statement and returns how many rows it changed.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// queryIDs returns the first column of a query.
func (t *Tx) queryIDs(query string, args ...any) ([]string, error) {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (string, error) {
		var id string
		err := rows.Scan(&id)
		return id, err
	})
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, read func(*sql.Rows) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// enqueue puts tickets for runs into the queue.
func (t *Tx) enqueue(runs ...string) error {
	if t.tickets == nil || len(runs) == 0 {
		return nil
	}
	if err := t.tickets.Enqueue(t.ctx, t, runs...); err != nil {
		return fmt.Errorf("store: enqueue tickets: %w", err)
	}
	return nil
}

// note remembers a change to tell after the commit.
func (t *Tx) note(run string, state RunState) {
	t.changes = append(t.changes, Change{Run: run, State: state})
}
