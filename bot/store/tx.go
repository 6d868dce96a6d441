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
	QueryContext(ctx context.Context, query string, args ...any) (rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) row
}

// writeTries is how often a transaction is tried that the database ends because of another one at the same time.
const writeTries = 10

// Tx is a write transaction, and valid only inside the function that [Store.InTx] calls. It carries that call's
// context, since it lives no longer than the call.
type Tx struct {
	ctx     context.Context
	tx      handle
	sql     *sql.Tx   // nil on PostgreSQL
	pipe    *pipeline // nil on SQLite
	careful bool      // it guesses nothing
	store   *Store
	now     time.Time
	tickets Tickets
	due     []string // runs that became due, to be told at the end
	changes []Change
	ended   []func(committed bool)
}

// InTx runs f in one write transaction. It commits when f returns nil; otherwise, and when f panics, nothing is written.
// f is called again when its transaction was ended for the sake of another one, so it must not build on what it left
// behind the first time. So it is when a guess was wrong: on PostgreSQL, what is seldom true counts as false the first
// time, so that nobody has to wait for the answer; the transaction fails when that comes and is another one. Inside f use
// only tx: on SQLite there is one connection that writes, and it is taken.
func (s *Store) InTx(ctx context.Context, f func(tx *Tx) error) error {
	s.mu.RLock()
	tickets, changed := s.tickets, s.changed
	s.mu.RUnlock()
	for try := 1; ; try++ {
		tx := &Tx{store: s, tickets: tickets, careful: try > 1}
		err := tx.try(ctx, try > 1, f, changed)
		if err == nil || try == writeTries || ctx.Err() != nil || !s.dialect.tryAgain(err) {
			return err
		}
	}
}

// try runs f once, and tells what came of it.
func (t *Tx) try(ctx context.Context, again bool, f func(tx *Tx) error, changed func(Change)) error {
	committed := false
	defer func() { // also when f panics
		for _, ended := range t.ended {
			ended(committed)
		}
	}()
	if err := t.run(ctx, again, f); err != nil {
		return err
	}
	committed = true
	if changed != nil {
		for _, c := range t.changes {
			changed(c)
		}
	}
	return nil
}

// OnEnd has f called when the transaction is over and its changes are told: after the commit, or after what was written is
// gone again. Since InTx may call its function anew, each transaction tells its own end. f must not block.
func (t *Tx) OnEnd(f func(committed bool)) { t.ended = append(t.ended, f) }

// run calls f in the transaction. A second try on SQLite shares it with nobody.
func (t *Tx) run(ctx context.Context, again bool, f func(tx *Tx) error) error {
	if t.store.pool != nil {
		return t.runPostgres(ctx, f)
	}
	return t.store.together.do(again, func(shared *sql.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.ctx, t.sql, t.tx = context.WithoutCancel(ctx), shared, handle{standard{shared}, t.store.dialect}
		t.now = t.store.Now()
		return t.do(f)
	})
}

func (t *Tx) runPostgres(ctx context.Context, f func(tx *Tx) error) error {
	bounded, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	conn, err := t.store.pool.Acquire(bounded)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	defer conn.Release()
	t.pipe = newPipeline(bounded, conn.Conn())
	defer t.pipe.undo() // also when f panics
	t.ctx, t.tx = bounded, handle{t.pipe, t.store.dialect}
	t.now = t.store.Now()
	if err := t.do(f); err != nil && t.pipe.answers() == nil {
		return err
	}
	return t.pipe.commit() // or what failed first, which is why the rest did
}

// SQL is the transaction itself, for the queue; nil on PostgreSQL.
func (t *Tx) SQL() *sql.Tx { return t.sql }

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
	return collect(rows, func(rows row) (string, error) {
		var id string
		err := rows.Scan(&id)
		return id, err
	})
}

// collect reads all rows and closes them.
func collect[T any](rows rows, read func(row) (T, error)) (all []T, err error) {
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

// do calls f, and then tells of all runs that became due in it at once.
func (t *Tx) do(f func(tx *Tx) error) error {
	if err := f(t); err != nil || t.tickets == nil || len(t.due) == 0 {
		return err
	}
	if err := t.tickets.Enqueue(t.ctx, t, t.due...); err != nil {
		return fmt.Errorf("store: see to the runs that are due: %w", err)
	}
	return nil
}

// enqueue has runs worked that became due.
func (t *Tx) enqueue(runs ...string) { t.due = append(t.due, runs...) }

// note remembers a change to tell after the commit.
func (t *Tx) note(run string, state RunState) {
	t.changes = append(t.changes, Change{Run: run, State: state})
}
