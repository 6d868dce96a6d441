package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrBusy says that the queue of deliveries to write is full or too slow; the caller answers 503.
var ErrBusy = errors.New("store: too many deliveries are waiting to be written")

// ErrNotFound says that there is no such delivery or run.
var ErrNotFound = errors.New("store: not found")

// ErrClosed says that the store was closed before the delivery was written.
var ErrClosed = errors.New("store: closed")

// dedupeWindow is how long two equal bodies without a Webhook-Id count as one delivery. It covers the Hub's retries;
// an equal event later on is an event of its own.
const dedupeWindow = 10 * time.Minute

// Store is the database. All methods are safe for concurrent use.
type Store struct {
	writer *sql.DB // one connection, shared with the queue
	reader *sql.DB
	unlock func() error
	now    func() time.Time
	window time.Duration

	intake    chan *pending // deliveries waiting for the next group commit
	slow      time.Duration // how long Accept waits for its group
	closeOnce sync.Once
	closeErr  error
	closing   chan struct{}
	drained   chan struct{} // closed when the group writer has written what was left

	mu      sync.RWMutex
	tickets Tickets
	changed func(Change)
}

// Option changes how a Store works.
type Option func(*Store)

// WithClock makes the store read the time from now, for tests.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// WithDedupeWindow sets how long equal bodies without a Webhook-Id count as one delivery (10 minutes by default).
func WithDedupeWindow(d time.Duration) Option { return func(s *Store) { s.window = d } }

// Open opens the database at url and makes or migrates it: "sqlite:PATH" (the folder of PATH is made if missing), or
// "sqlite::memory:" for one that is gone after Close. It fails when another process has the database open, when the
// database was written by a newer release, and for a postgres:// URL.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	s := &Store{
		now: time.Now, window: dedupeWindow, intake: make(chan *pending, intakeSize), slow: intakeSlow,
		closing: make(chan struct{}), drained: make(chan struct{}),
	}
	for _, o := range opts {
		o(s)
	}
	path, isSQLite := strings.CutPrefix(url, "sqlite:")
	switch {
	case isSQLite && path != "":
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return nil, errors.New("store: this build keeps its data in SQLite only; set database to sqlite:PATH")
	default:
		return nil, fmt.Errorf("store: database %q: want sqlite:PATH, such as sqlite:data/hfbot.db", url)
	}
	if err := s.openSQLite(ctx, path); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
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

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("store: the database does not answer: %w", err)
	}
	return nil
}

// DB is the pool that writes. It is there for the queue and has a single connection: a caller that holds a transaction
// and uses it waits for itself.
func (s *Store) DB() *sql.DB { return s.writer }

// Exclusive tells that no other process can work this database, so that whatever is marked as running when it is
// opened was left by a process that is gone.
func (s *Store) Exclusive() bool { return true }

// Tickets is the queue of runs that are due; package run implements it on River.
type Tickets interface {
	// Enqueue puts a ticket for each run into the queue, as part of tx.
	Enqueue(ctx context.Context, tx *Tx, runs ...string) error
	// Revoke takes the run's ticket out of the queue, as part of tx, or tells the worker that has it to stop.
	Revoke(ctx context.Context, tx *Tx, run string) error
}

// UseTickets sets the queue; call it once, before the first InTx. Without one, runs stay queued until a queue is there.
func (s *Store) UseTickets(t Tickets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets = t
}

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
