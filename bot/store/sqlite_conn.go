package store

import (
	"context"
	"database/sql/driver"
)

// mostStatements is how many prepared statements a connection keeps. This package and the queue have fewer; lists of ids of
// each length come on top.
const mostStatements = 256

// preparing makes SQLite's connections keep their statements prepared: the driver would parse a text anew each time, which
// was a fifth of what a run cost. All that goes through database/sql has it, the queue's own queries too. On PostgreSQL pgx
// does the like.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{sqliteConn: conn.(sqliteConn), idle: map[string]preparedStmt{}}, nil
}

// sqliteConn is what the driver's connections are.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedStmt is what the driver's statements are.
type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedConn is a connection with the statements that it has prepared and nobody uses now, by text. database/sql lets one
// caller at a time at it.
type preparedConn struct {
	sqliteConn
	idle map[string]preparedStmt
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args)
	if putErr := c.put(query, stmt); err == nil {
		err = putErr
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		_ = c.put(query, stmt)
		return nil, err
	}
	return &preparedRows{rows, func() error { return c.put(query, stmt) }}, nil
}

// take gives a statement to one caller until put. While its rows are read, the same text is prepared a second time.
func (c *preparedConn) take(ctx context.Context, query string) (preparedStmt, error) {
	if stmt, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.(preparedStmt), nil
}

// put keeps a statement for the next caller, unless there is another one already, or too many.
func (c *preparedConn) put(query string, stmt preparedStmt) error {
	if _, ok := c.idle[query]; ok || len(c.idle) >= mostStatements {
		return stmt.Close()
	}
	c.idle[query] = stmt
	return nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	for _, stmt := range c.idle {
		_ = stmt.Close()
	}
	return c.sqliteConn.Close()
}

// preparedRows gives its statement back when it has been read.
type preparedRows struct {
	driver.Rows
	done func() error
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	err := r.Rows.Close()
	if doneErr := r.done(); err == nil {
		err = doneErr
	}
	return err
}
