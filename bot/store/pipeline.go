package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// rollbackTimeout is how long a transaction may take to be undone before its connection is given up.
const rollbackTimeout = 2 * time.Second

// pipeline is a write transaction of PostgreSQL. What it costs is mostly ways to the server and back, so statements whose
// result nobody needs at once wait and go with the next one whose result is needed: BEGIN with the first, COMMIT with the
// last. Each still sees what those before it did. When one fails, the server does nothing that follows it.
type pipeline struct {
	ctx     context.Context // the transaction's
	conn    *pgx.Conn
	waiting *pgx.Batch
	begun   bool  // BEGIN waits, or was sent
	asked   int   // statements that wait and whose result will be looked at
	ways    int   // how often something was sent
	err     error // the first failure; nothing is sent after it
}

func newPipeline(ctx context.Context, conn *pgx.Conn) *pipeline {
	return &pipeline{ctx: ctx, conn: conn, waiting: &pgx.Batch{}}
}

// add lets a statement wait.
func (p *pipeline) add(query string, args ...any) *pgx.QueuedQuery {
	if !p.begun {
		p.begun = true
		p.waiting.Queue("begin")
	}
	return p.waiting.Queue(query, args...)
}

// ask lets a query wait whose answer read gets when it is there. What read returns is the transaction's failure.
func (p *pipeline) ask(read func(rows) error, query string, args ...any) {
	p.asked++
	p.add(query, args...).Query(func(rows pgx.Rows) error {
		answer, err := keepRows(rows)
		if err == nil && p.err == nil {
			p.err = read(answer)
		}
		return err
	})
}

// mustChange lets a statement wait. That it changes no row is the transaction's failure.
func (p *pipeline) mustChange(unchanged error, query string, args ...any) {
	p.asked++
	p.add(query, args...).Exec(func(done pgconn.CommandTag) error {
		if done.RowsAffected() == 0 && p.err == nil {
			p.err = unchanged
		}
		return nil
	})
}

// flush sends what waits, and returns the transaction's failure.
func (p *pipeline) flush() error {
	if p.err != nil || p.waiting.Len() == 0 {
		return p.err
	}
	sent := p.waiting
	p.waiting, p.asked = &pgx.Batch{}, 0
	p.ways++
	if err := p.conn.SendBatch(p.ctx, sent).Close(); err != nil && p.err == nil {
		p.err = fmt.Errorf("store: write: %w", err)
	}
	return p.err
}

// answers sees to it that all answers are looked at, and returns the transaction's failure.
func (p *pipeline) answers() error {
	if p.asked == 0 {
		return p.err
	}
	return p.flush()
}

// commit sends the rest with COMMIT. Answers that are still to be looked at come first: one may forbid it.
func (p *pipeline) commit() error {
	if err := p.answers(); err != nil || !p.begun {
		return err
	}
	p.add("commit").Exec(func(done pgconn.CommandTag) error {
		if done.String() != "COMMIT" {
			return fmt.Errorf("the server answered %s to COMMIT", done)
		}
		return nil
	})
	return p.flush()
}

// undo rolls back what was not committed. A connection on which that fails is closed, and so never used again.
func (p *pipeline) undo() {
	if p.conn.IsClosed() || p.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), rollbackTimeout)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "rollback"); err != nil {
		_ = p.conn.Close(ctx)
	}
}

// lend makes the connection ready for somebody else to go on with the transaction.
func (p *pipeline) lend() *pgx.Conn {
	if !p.begun {
		p.begun = true
		p.waiting.Queue("begin")
	}
	if err := p.flush(); err != nil && p.conn.PgConn().TxStatus() == 'I' {
		_ = p.conn.Close(p.ctx) // BEGIN was not done: what is written would stay
	}
	return p.conn
}

// ExecContext implements runner.
func (p *pipeline) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	var changed int64
	p.add(query, args...).Exec(func(done pgconn.CommandTag) error {
		changed = done.RowsAffected()
		return nil
	})
	if err := p.flush(); err != nil {
		return nil, err
	}
	return driver.RowsAffected(changed), nil
}

// QueryContext implements runner.
func (p *pipeline) QueryContext(_ context.Context, query string, args ...any) (rows, error) {
	var answer *keptRows
	p.add(query, args...).Query(func(rows pgx.Rows) (err error) {
		answer, err = keepRows(rows)
		return err
	})
	if err := p.flush(); err != nil {
		return nil, err
	}
	return answer, nil
}

// QueryRowContext implements runner.
func (p *pipeline) QueryRowContext(ctx context.Context, query string, args ...any) row {
	answer, err := p.QueryContext(ctx, query, args...)
	return firstRow{answer, err}
}

// keptRows are rows that were read as a whole, so that the connection is free.
type keptRows struct {
	conn    *pgx.Conn
	columns []pgconn.FieldDescription
	rows    [][][]byte
	next    int
}

// keepRows reads rows to their end.
func keepRows(from pgx.Rows) (*keptRows, error) {
	k := &keptRows{conn: from.Conn()}
	for from.Next() {
		values := slices.Clone(from.RawValues())
		for i := range values {
			values[i] = bytes.Clone(values[i])
		}
		k.rows = append(k.rows, values)
	}
	if err := from.Err(); err != nil {
		return nil, err // and it may have no columns to ask for
	}
	k.columns = slices.Clone(from.FieldDescriptions())
	return k, nil
}

// Next implements rows.
func (k *keptRows) Next() bool {
	k.next++
	return k.next <= len(k.rows)
}

// Scan implements row.
func (k *keptRows) Scan(into ...any) error {
	return pgx.ScanRow(k.conn.TypeMap(), k.columns, k.rows[k.next-1], into...)
}

// Err implements rows.
func (*keptRows) Err() error { return nil }

// Close implements rows.
func (*keptRows) Close() error { return nil }

// firstRow is the first of some rows, or why there are none.
type firstRow struct {
	rows rows
	err  error
}

// Scan implements row.
func (f firstRow) Scan(into ...any) error {
	if f.err != nil {
		return f.err
	}
	if !f.rows.Next() {
		return sql.ErrNoRows
	}
	return f.rows.Scan(into...)
}
