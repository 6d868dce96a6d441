package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	poolSize       = 24               // connections of one instance; pool_max_conns in the URL says otherwise
	connectTimeout = 10 * time.Second // connect_timeout in the URL says otherwise
	writeTimeout   = 30 * time.Second // of one transaction; a server that hangs must not hang the bot with it
	// pausedTimeout is how long a transaction may stand still. The server ends it then, so that an instance that was
	// paused in the middle of one does not keep its locks from the others.
	pausedTimeout  = "20s"
	migrationsLock = 0x68666274 // one instance migrates at a time; the number is nobody else's
)

// openPostgres connects to the database at an address and migrates it. On an error it leaves nothing open.
func (s *Store) openPostgres(ctx context.Context, address string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(plainly(err), s.closeFiles())
		}
	}()
	s.dialect = postgresDialect
	config, err := postgresConfig(address)
	if err != nil {
		return err
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	s.db = stdlib.OpenDBFromPool(s.pool)
	s.readDB = s.db
	if _, err := s.SetClock(ctx); err != nil {
		return err
	}
	return s.migratePostgres(ctx)
}

// migratePostgres brings the database to this release's schema while other instances wait.
func (s *Store) migratePostgres(ctx context.Context) (err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationsLock); err != nil {
		return fmt.Errorf("wait for other instances that migrate: %w", err)
	}
	defer func() {
		_, unlockErr := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationsLock)
		err = errors.Join(err, unlockErr)
	}()
	queue, err := rivermigrate.New(riverpgxv5.New(s.pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare the queue's migrations: %w", err)
	}
	return s.migrateTables(ctx, func() error {
		_, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// tryAgain tells whether a transaction failed only because of another one at the same time; also because of one that changed
// a table, as the migration of a later release does: what the server had prepared of a query is then of no use.
func (d *dialect) tryAgain(err error) bool {
	if errors.Is(err, errApart) || errors.Is(err, errGuess) {
		return true
	}
	var pg *pgconn.PgError
	return d.shared && errors.As(err, &pg) &&
		(pg.Code == "40001" || pg.Code == "40P01" || pg.Routine == "RevalidateCachedQuery") // its message is translated
}

// Pool is the pool of connections, for the queue; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Pgx is the transaction itself, for the queue; nil on SQLite.
func (t *Tx) Pgx() pgx.Tx {
	if t.pipe == nil {
		return nil
	}
	return lentTx{t.pipe.lend()}
}

// CancelTopic is where instances on one PostgreSQL hear which running runs are to be cancelled, as the queue names its topics:
// behind the schema and a point.
const CancelTopic = "hfbot_cancel"

// notify tells the other instances that listen on a topic, once the transaction is committed. On SQLite there are none.
func (t *Tx) notify(topic, payload string) error {
	if t.pipe == nil {
		return nil
	}
	err := t.post(`SELECT pg_notify(concat(current_schema() || '.', ?::text), ?)`, topic, payload)
	if err != nil {
		return fmt.Errorf("store: notify %s: %w", topic, err)
	}
	return nil
}

// lentTx lends the connection of an open transaction to the queue, which must not end it.
type lentTx struct{ *connection }

// connection is the lent connection under a name that leaves pgx.Tx's own Conn free.
type connection = pgx.Conn

var errLent = errors.New("store: a lent transaction is ended by its owner")

// Begin implements pgx.Tx.
func (lentTx) Begin(context.Context) (pgx.Tx, error) { return nil, errLent }

// Commit implements pgx.Tx.
func (lentTx) Commit(context.Context) error { return errLent }

// Rollback implements pgx.Tx.
func (lentTx) Rollback(context.Context) error { return errLent }

// LargeObjects implements pgx.Tx.
func (lentTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn implements pgx.Tx.
func (l lentTx) Conn() *pgx.Conn { return l.connection }
