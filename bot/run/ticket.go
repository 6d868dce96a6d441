package run

import (
	"context"

	"github.com/riverqueue/river"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
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

// Enqueue puts a ticket for each run into the queue, as part of tx.
func (e *Engine) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	params := make([]river.InsertManyParams, len(runs))
	for i, run := range runs {
		params[i].Args = ticket{Run: run}
	}
	inserted, err := e.queue.insert(ctx, tx, params)
	if err != nil {
		return err
	}
	tickets := make(map[string]int64, len(runs))
	for i, t := range inserted {
		tickets[runs[i]] = t.Job.ID
	}
	return tx.SetTickets(tickets)
}

// Revoke takes the run's ticket out of the queue, as part of tx, or ends the context of the worker that has it.
func (e *Engine) Revoke(ctx context.Context, tx *store.Tx, run string) error {
	number, err := tx.Ticket(run)
	if err != nil || number == 0 {
		return err
	}
	return e.queue.revoke(ctx, tx, number)
}
