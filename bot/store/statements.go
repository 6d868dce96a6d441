package store

import (
	"context"
	"database/sql"
	"sync"
)

// statements are the prepared queries of the SQLite connection that writes, by text. The driver would parse each anew every
// time, which is a fifth of what a run costs. There are as many as this package has, and one for each length of a list of
// ids, which is bounded. On PostgreSQL pgx keeps its own.
type statements struct {
	mu    sync.Mutex
	known map[string]*sql.Stmt
	fresh []string // met in a transaction, whose connection was taken, and still to prepare
}

// find returns a query's statement, or nil when there is none yet.
func (s *statements) find(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	stmt, met := s.known[query]
	if !met {
		if s.known == nil {
			s.known = map[string]*sql.Stmt{}
		}
		s.known[query] = nil
		s.fresh = append(s.fresh, query)
	}
	return stmt
}

// prepare prepares what find did not have. No transaction may have the connection. What cannot be prepared stays as it is:
// whoever uses it is told why.
func (s *statements) prepare(db *sql.DB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, query := range s.fresh {
		if stmt, err := db.PrepareContext(context.Background(), query); err == nil { //nolint:sqlclosecheck // db closes it
			s.known[query] = stmt
		}
	}
	s.fresh = nil
}

// preparedTx runs the queries of a transaction, by prepared statements where there are.
type preparedTx struct {
	*sql.Tx
	statements *statements
}

// prepared is a query's statement for this transaction, which closes it; or nil.
func (t preparedTx) prepared(ctx context.Context, query string) *sql.Stmt {
	if stmt := t.statements.find(query); stmt != nil {
		return t.StmtContext(ctx, stmt)
	}
	return nil
}

// ExecContext implements runner.
func (t preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := t.prepared(ctx, query); stmt != nil { //nolint:sqlclosecheck // the transaction closes it
		return stmt.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// QueryContext implements runner.
func (t preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := t.prepared(ctx, query); stmt != nil { //nolint:sqlclosecheck // the transaction closes it
		return stmt.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext implements runner.
func (t preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := t.prepared(ctx, query); stmt != nil { //nolint:sqlclosecheck // the transaction closes it
		return stmt.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}
