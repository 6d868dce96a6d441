package run

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	fetchCooldown = 5 * time.Millisecond  // the default of 100 ms caps the queue at 160 runs a second
	fetchPoll     = 50 * time.Millisecond // SQLite cannot tell of new rows, so the queue looks
	keepTickets   = 10 * time.Minute      // a used ticket says nothing that the run does not
	rescueAfter   = 7 * 24 * time.Hour    // leases decide about runs whose worker is gone, not the queue
)

// ticket is a job of the queue: it names a run that is due.
type ticket struct {
	Run string `json:"run_id"`
}

// Kind names the job in River's tables.
func (ticket) Kind() string { return "run" }

// worker hands tickets to the engine.
type worker struct {
	river.WorkerDefaults[ticket]
	engine *Engine
}

// Work works the run of a ticket. It never fails the ticket: what went wrong is kept with the run.
func (w *worker) Work(ctx context.Context, t *river.Job[ticket]) error {
	if err := w.engine.work(ctx, t.Args.Run); err != nil {
		w.engine.log.Error("run not worked; it is taken up again when its lease ends", zap.String("run", t.Args.Run),
			zap.Error(err))
	}
	return nil
}

// newRiver makes the queue on the store's database.
func newRiver(e *Engine) (*river.Client[*sql.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{engine: e})
	return river.NewClient(riversqlite.New(e.store.DB()), &river.Config{
		ID:                          e.owner,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: e.opts.Workers}},
		Workers:                     workers,
		MaxAttempts:                 1,
		JobTimeout:                  -1,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchPoll,
		PollOnly:                    true,
		RescueStuckJobsAfter:        rescueAfter,
		CompletedJobRetentionPeriod: keepTickets,
		CancelledJobRetentionPeriod: keepTickets,
		DiscardedJobRetentionPeriod: keepTickets,
		Logger:                      slog.New(riverLog{e.log.Named("river")}),
	})
}

// Enqueue puts a ticket for each run into the queue, as part of tx.
func (e *Engine) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	params := make([]river.InsertManyParams, len(runs))
	for i, run := range runs {
		params[i].Args = ticket{Run: run}
	}
	inserted, err := e.river.InsertManyTx(ctx, tx.SQL(), params)
	if err != nil {
		return err
	}
	for i, t := range inserted {
		if err := tx.SetTicket(runs[i], t.Job.ID); err != nil {
			return err
		}
	}
	return nil
}

// Revoke takes the run's ticket out of the queue, as part of tx, or ends the context of the worker that has it.
func (e *Engine) Revoke(ctx context.Context, tx *store.Tx, run string) error {
	number, err := tx.Ticket(run)
	if err != nil || number == 0 {
		return err
	}
	_, err = e.river.JobCancelTx(ctx, tx.SQL(), number)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil // used long ago and removed
	}
	return err
}
