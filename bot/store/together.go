package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// togetherSize is how many calls of InTx share one transaction at most.
const togetherSize = 64

// errApart says that the transaction was lost for a neighbour's sake; the caller's part is to be done again by itself.
var errApart = errors.New("store: the shared transaction failed")

// together lets calls of [Store.InTx] that come at the same time share one transaction of SQLite, and so one wait for
// the disk. They take turns: each does its part, all but the first in a savepoint of their own, leaves the transaction open
// for the next one in the line, and waits; the last one commits for all. PostgreSQL does the like itself.
type together struct {
	db   *sql.DB
	line atomic.Int32 // callers that wait for their turn, or have it
	turn sync.Mutex
	open *sharedTx // left open by the caller before; only who has the turn looks
}

// sharedTx is a transaction that several callers write to.
type sharedTx struct {
	sql   *sql.Tx
	parts int
	done  chan struct{} // closed when it is over
	err   error         // how it ended; read it after done
}

// do calls part in a transaction that others may share, and returns when it is on the disk. When part fails, nothing of
// it is written. It returns errApart when the transaction was lost and part must be done again; then call it with alone.
// The transaction knows no context: one that ended in the middle of a statement would roll the neighbours' parts back.
func (t *together) do(alone bool, part func(tx *sql.Tx) error) error {
	shared, err := t.take(alone, part)
	if shared == nil || err != nil {
		return err
	}
	<-shared.done
	if shared.err != nil && shared.parts > 1 {
		return errApart
	}
	return shared.err
}

// take waits for the turn and does the part. It returns the transaction that will hold it.
func (t *together) take(alone bool, part func(tx *sql.Tx) error) (shared *sharedTx, err error) {
	t.line.Add(1)
	t.turn.Lock()
	defer t.turn.Unlock()
	defer func() {
		if waiting := t.line.Add(-1); alone || waiting == 0 || t.open != nil && t.open.parts >= togetherSize {
			t.commit()
		}
	}()
	if alone {
		t.commit()
	}
	if t.open == nil {
		tx, err := t.db.BeginTx(context.Background(), nil)
		if err != nil {
			return nil, fmt.Errorf("store: begin: %w", err)
		}
		t.open = &sharedTx{sql: tx, done: make(chan struct{})}
	}
	shared = t.open
	return shared, t.inPart(shared, part)
}

// inPart does the part. The first one has the transaction to itself: when it fails, nothing else is lost with it. Those
// after it have a savepoint each, which costs a copy of every page that they change; what cannot be undone by it is undone
// for all.
func (t *together) inPart(shared *sharedTx, part func(tx *sql.Tx) error) (err error) {
	ctx := context.Background()
	first := shared.parts == 0
	shared.parts++
	ok := false
	defer func() { // also when part panics
		if ok {
			return
		}
		if first {
			t.end(shared.sql.Rollback, err)
			return
		}
		_, undo := shared.sql.ExecContext(ctx, "ROLLBACK TO part")
		if undo == nil {
			_, undo = shared.sql.ExecContext(ctx, "RELEASE part")
		}
		if undo != nil { // such as on a full disk, when SQLite has rolled back the whole already
			t.end(shared.sql.Rollback, errors.Join(err, undo))
		}
	}()
	if !first {
		if _, err := shared.sql.ExecContext(ctx, "SAVEPOINT part"); err != nil {
			return fmt.Errorf("store: begin: %w", err)
		}
	}
	if err := part(shared.sql); err != nil {
		return err
	}
	if !first {
		if _, err := shared.sql.ExecContext(ctx, "RELEASE part"); err != nil {
			return fmt.Errorf("store: commit: %w", err)
		}
	}
	ok = true
	return nil
}

// commit ends the open transaction, if there is one, and tells all that wait for it.
func (t *together) commit() {
	if t.open != nil {
		t.end(t.open.sql.Commit, nil)
	}
}

func (t *together) end(how func() error, err error) {
	shared := t.open
	t.open = nil
	if failed := how(); err == nil && failed != nil {
		_ = shared.sql.Rollback()
		err = fmt.Errorf("store: commit: %w", failed)
	}
	shared.err = err
	close(shared.done)
}
