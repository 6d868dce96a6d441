package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hfbot/hfbot/internal/database"
)

// ErrBusy says that the queue of deliveries to write is full or too slow; the caller answers 503.
var ErrBusy = errors.New("store: too many deliveries are waiting to be written")

// ErrNotFound says that there is no such delivery or run.
var ErrNotFound = errors.New("store: not found")

// ErrGone says that the SQLite file was removed, or replaced by another one, while it is open. What is written to it is lost
// when the bot ends, so no delivery is accepted any more.
var ErrGone = errors.New("store: the database's file is not where it was opened")

// ErrClosed says that the store was closed before the delivery was written.
var ErrClosed = errors.New("store: closed")

// dedupeWindow is how long two equal bodies without a Webhook-Id count as one delivery. It covers the Hub's retries;
// an equal event later on is an event of its own.
const dedupeWindow = 10 * time.Minute

// Store is the database. All methods are safe for concurrent use.
type Store struct {
	db       *sql.DB // the pool that writes; on SQLite one connection, shared with the queue
	readDB   *sql.DB // the pool that reads; on PostgreSQL the same
	pool     *pgxpool.Pool
	writer   handle
	reader   handle
	dialect  *dialect
	together together // on SQLite: the transactions that write
	unlock   func() error
	file     openedFile // on SQLite
	// tightened says that others could read the SQLite file when it was opened, and no longer can.
	tightened bool
	read      func() time.Time // reads the clock of tests; nil: the time goes on from when source was asked
	source    func() time.Time // who is asked for the time in tests; nil: the database

	intake    chan *pending // deliveries waiting for the next group commit
	accepting atomic.Int32  // callers of Accept
	slow      time.Duration // how long Accept waits for its group
	closeOnce sync.Once
	closeErr  error
	closing   chan struct{}
	drained   chan struct{} // closed when the group writer has written what was left

	mu        sync.RWMutex
	tickets   Tickets
	changed   func(Change)
	grouped   func(size int, took time.Duration)
	clockAt   time.Time // when the database was last asked for the time, and what it said
	clockSays time.Time
	clockSet  time.Time // when it was found to have been set
	refused   error     // why no delivery could be written at refusedAt; nil after one was
	refusedAt time.Time
}

// Option changes how a Store works.
type Option func(*Store)

// WithClock makes the store read the time from now, for tests.
func WithClock(now func() time.Time) Option {
	return func(s *Store) { s.read, s.source = now, now }
}

// WithTimeSource makes the store ask source for the time whenever it would ask the database's, or this machine's, clock,
// for tests in which that one is set.
func WithTimeSource(source func() time.Time) Option { return func(s *Store) { s.source = source } }

// Open opens the database at url and makes or migrates it: "sqlite:PATH" (the folder of PATH is made if missing),
// "sqlite::memory:" for one that is gone after Close, or "postgres://USER:PASSWORD@HOST/DATABASE", which several bots
// may share. It fails when the database was written by a newer release, and when another process has a SQLite file
// open.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	s := &Store{
		intake: make(chan *pending, intakeSize), slow: intakeSlow,
		closing: make(chan struct{}), drained: make(chan struct{}),
	}
	for _, o := range opts {
		o(s)
	}
	path, isSQLite := database.SQLite(url)
	var err error
	switch {
	case isSQLite:
		if err = s.openSQLite(ctx, path); err != nil {
			err = fmt.Errorf("store: open %s: %w", path, err)
		}
	case database.Postgres(url):
		if err = s.openPostgres(ctx, url); err != nil {
			err = fmt.Errorf("store: open the PostgreSQL database: %w", err)
		}
	default:
		// It may hold a password, so it is not shown.
		err = errors.New("store: the database must be sqlite:PATH, such as sqlite:data/hfbot.db, or postgres://…")
	}
	if err != nil {
		return nil, err
	}
	s.writer, s.reader = handle{standard{s.db}, s.dialect}, handle{standard{s.readDB}, s.dialect}
	s.together.db = s.db
	go s.writeGroups()
	return s, nil
}

// Close writes the deliveries that still wait, and closes the database. Stop the queue first: it shares the writing
// connection.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.drained
		s.closeErr = s.closeFiles()
	})
	return s.closeErr
}

// Ping tells whether the database answers: what a delivery is read by, not only that somebody is there.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT id FROM deliveries ORDER BY id DESC LIMIT 1) AS latest`).
		Scan(&n)
	if err != nil {
		return fmt.Errorf("store: the database does not answer: %w", err)
	}
	return nil
}

// refusalCounts is how long a refused delivery tells something of the database when no other one came.
const refusalCounts = 10 * time.Second

// Refuses tells why the database, though it may answer, could not take the latest delivery, such as that it is full; nil
// when it could, or when that was too long ago to say something of now.
func (s *Store) Refuses() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if time.Since(s.refusedAt) > refusalCounts {
		return nil
	}
	return s.refused
}

// DB is the pool that writes. On SQLite it is there for the queue and has a single connection: a caller that holds a
// transaction and uses it waits for itself.
func (s *Store) DB() *sql.DB { return s.db }

// Exclusive tells that no other process can work this database, so that whatever is marked as running when it is
// opened was left by a process that is gone.
func (s *Store) Exclusive() bool { return !s.dialect.shared }

// Tightened tells that others could read the SQLite file before it was opened.
func (s *Store) Tightened() bool { return s.tightened }

// Tickets is who gets runs worked that are due; package run implements it.
type Tickets interface {
	// Enqueue sees to it, as part of tx, that runs which became due in it are worked, in this order.
	Enqueue(ctx context.Context, tx *Tx, runs ...string) error
}

// UseTickets sets the queue; call it once, before the first InTx. Without one, runs stay queued until a queue is there.
func (s *Store) UseTickets(t Tickets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets = t
}

// OnGroup sets the function that hears of each commit of deliveries: how many, and how long it took. It must not block.
func (s *Store) OnGroup(f func(size int, took time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grouped = f
}

// Waiting is how many deliveries wait to be written.
func (s *Store) Waiting() int { return len(s.intake) }

// Accepting tells whether senders wait for their deliveries to be kept.
func (s *Store) Accepting() bool { return s.accepting.Load() > 0 }

// Change is a run that changed state, or is to be cancelled.
type Change struct {
	Run    string
	State  RunState
	Cancel bool // the run goes on until its worker stops it; State is Running
}

// OnChange sets the function that hears of each change of a run after it is committed. It must not block.
func (s *Store) OnChange(f func(Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = f
}
