package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
)

// dialect is what differs between the databases. The queries are the same: each is written once, with ? for its
// arguments, and in types and functions that both know.
type dialect struct {
	name     string
	numbered bool   // arguments are $1, $2, …
	shared   bool   // several transactions, also of other processes, write at the same time
	bytes    string // the type of a column of bytes
	// forUpdate ends a query whose rows must stay as they were read until the transaction ends; skipLocked leaves out
	// those that another transaction is about to change.
	forUpdate, skipLocked string
}

var (
	sqliteDialect   = &dialect{name: "sqlite", bytes: "BLOB"}
	postgresDialect = &dialect{
		name: "postgres", numbered: true, shared: true, bytes: "BYTEA",
		forUpdate: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED",
	}
)

// row is one row of an answer.
type row interface{ Scan(into ...any) error }

// rows is an answer. Its rows are read one after the other.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

// runner runs SQL: a pool or a transaction.
type runner interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// standard is a runner of database/sql.
type standard struct {
	of interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
}

// ExecContext implements runner.
func (s standard) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.of.ExecContext(ctx, query, args...)
}

// QueryContext implements querier.
func (s standard) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	return s.of.QueryContext(ctx, query, args...) //nolint:rowserrcheck // who reads the rows asks
}

// QueryRowContext implements querier.
func (s standard) QueryRowContext(ctx context.Context, query string, args ...any) row {
	return s.of.QueryRowContext(ctx, query, args...)
}

// handle runs the queries of this package on a pool or a transaction of either database.
type handle struct {
	runner
	dialect *dialect
}

// ExecContext runs a statement.
func (h handle) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return h.runner.ExecContext(ctx, h.dialect.rebind(query), h.dialect.args(args)...)
}

// QueryContext runs a query.
func (h handle) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	return h.runner.QueryContext(ctx, h.dialect.rebind(query), h.dialect.args(args)...)
}

// QueryRowContext runs a query for one row.
func (h handle) QueryRowContext(ctx context.Context, query string, args ...any) row {
	return h.runner.QueryRowContext(ctx, h.dialect.rebind(query), h.dialect.args(args)...)
}

// rebound are queries with their arguments numbered, by query. There are as many as this package has, and one for each
// length of a list of ids, which is bounded by the longest page.
var rebound sync.Map

// rebind writes a query in the way the database numbers its arguments. No query of this package has a ? elsewhere.
func (d *dialect) rebind(query string) string {
	if !d.numbered {
		return query
	}
	if known, ok := rebound.Load(query); ok {
		return known.(string) // only strings are stored
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	rebound.Store(query, b.String())
	return b.String()
}

// args makes texts fit for the database. PostgreSQL keeps only valid UTF-8 without zero bytes, while a stranger's text
// may be anything; what does not fit becomes U+FFFD, the same each time, so that keys still find each other.
func (d *dialect) args(args []any) []any {
	if !d.numbered {
		return args
	}
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// among is the condition that a column is one of values, in one text for any number of them, and its argument.
func (d *dialect) among(column string, values []string) (condition string, arg any) {
	if d.shared {
		return column + ` = ANY(?::text[])`, values
	}
	list, _ := json.Marshal(values) // texts only
	return column + ` IN (SELECT value FROM json_each(?))`, string(list)
}
