package run

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	fetchCooldown = 5 * time.Millisecond // the default of 100 ms caps the queue at 160 runs a second
	fetchPoll     = time.Second          // the net under being told of new tickets
	keepTickets   = 10 * time.Minute     // a used ticket says nothing that the run does not
	rescueAfter   = 7 * 24 * time.Hour   // leases decide about runs whose worker is gone, not the queue
)

// queue is River on either database.
type queue interface {
	start(ctx context.Context) error
	stop(ctx context.Context) error // call it when no ticket is worked any more; when ctx ends first, those under way are left
	insert(ctx context.Context, tx *store.Tx, tickets []river.InsertManyParams) error
	wake() // looks for tickets now
}

// riverQueue is a River client whose transactions are of type T.
type riverQueue[T any] struct {
	client *river.Client[T]
	tx     func(*store.Tx) T
	driver *driver[T]
}

// newQueue makes the queue on the store's database.
func newQueue(e *Engine) (queue, error) {
	if pool := e.store.Pool(); pool != nil {
		return makeQueue(e, riverpgxv5.New(pool), (*store.Tx).Pgx)
	}
	return makeQueue[*sql.Tx](e, &sqliteDriver{riversqlite.New(e.store.DB())}, (*store.Tx).SQL)
}

func makeQueue[T any](e *Engine, rivers riverdriver.Driver[T], tx func(*store.Tx) T) (queue, error) {
	driver := &driver[T]{Driver: rivers, engine: e, woken: make(chan struct{}, 1)}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{engine: e})
	config := &river.Config{
		ID:                          e.owner,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: e.opts.Workers}},
		Workers:                     workers,
		MaxAttempts:                 1,
		JobTimeout:                  -1,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchPoll,
		RescueStuckJobsAfter:        rescueAfter,
		CompletedJobRetentionPeriod: keepTickets,
		CancelledJobRetentionPeriod: keepTickets,
		DiscardedJobRetentionPeriod: keepTickets,
		Logger:                      slog.New(riverLog{e.log.Named("river")}),
	}
	// River reads the clock itself: the database's on PostgreSQL, this machine's on SQLite, as the store does. Another one it
	// takes for tests only, and gets it there, so that what they do to the clock reaches the queue.
	if now := e.store.TestClock(); now != nil {
		config.Test.Time = testClock(now)
	}
	client, err := river.NewClient[T](driver, config)
	if err != nil {
		return nil, err
	}
	return &riverQueue[T]{client, tx, driver}, nil
}

// testClock gives River the clock of a test.
type testClock func() time.Time

// Now implements rivertype.TimeGenerator.
func (c testClock) Now() time.Time { return c() }

// NowOrNil implements rivertype.TimeGenerator: the database is not asked.
func (c testClock) NowOrNil() *time.Time { return new(c()) }

func (q *riverQueue[T]) start(ctx context.Context) error { return q.client.Start(ctx) }
func (q *riverQueue[T]) wake()                           { q.driver.wake() }

func (q *riverQueue[T]) stop(ctx context.Context) error {
	if ctx.Err() != nil {
		return q.client.StopAndCancel(ctx)
	}
	return q.client.Stop(ctx)
}

func (q *riverQueue[T]) insert(ctx context.Context, tx *store.Tx, tickets []river.InsertManyParams) error {
	_, err := q.client.InsertManyFastTx(ctx, q.tx(tx), tickets)
	return err
}
