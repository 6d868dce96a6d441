package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// post runs a statement of which nobody waits for the result, before the next one or the commit. On PostgreSQL those that come
// after each other are sent at once, and cost one way to the server and back instead of one each. One that fails is told by
// the commit at the latest, which then does not happen.
func (t *Tx) post(query string, args ...any) error {
	if t.batch == nil {
		_, err := t.exec(query, args...)
		return err
	}
	t.queueUp(t.batch, query, args...)
	return t.batchErr
}

// flush sends the statements that wait.
func (t *Tx) flush() error {
	if t.batch == nil || t.batch.Len() == 0 || t.batchErr != nil {
		return t.batchErr
	}
	if err := t.conn.SendBatch(t.ctx, t.batch).Close(); err != nil {
		t.batchErr = fmt.Errorf("store: write: %w", err)
	}
	t.batch = &pgx.Batch{}
	return t.batchErr
}

// flushing is a transaction whose statements that wait go first. When one of them fails, PostgreSQL refuses all that follows,
// and runPostgres tells why.
type flushing struct {
	*sql.Tx
	t *Tx
}

// ExecContext implements runner.
func (f flushing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := f.t.flush(); err != nil {
		return nil, err
	}
	return f.Tx.ExecContext(ctx, query, args...)
}

// QueryContext implements runner.
func (f flushing) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := f.t.flush(); err != nil {
		return nil, err
	}
	return f.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext implements runner.
func (f flushing) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = f.t.flush()
	return f.Tx.QueryRowContext(ctx, query, args...)
}
