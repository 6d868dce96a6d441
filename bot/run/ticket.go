package run

import (
	"context"
	"fmt"
	"runtime/debug"

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

// Work works the run of a ticket, if there is anything to do. It never fails the ticket: what went wrong is kept with the run.
func (w *worker) Work(_ context.Context, t *river.Job[ticket]) error {
	e := w.engine
	defer e.slots.ticketsDone(1)
	var claimed []*execution
	err := e.store.InTx(e.base, func(tx *store.Tx) (err error) {
		claimed, err = e.claim(tx, t.Args.Run)
		return err
	})
	if err != nil {
		e.logNotWorked(t.Args.Run, err)
		claimed = nil // by a transaction that was not written
	}
	for _, x := range claimed {
		e.work(x)
	}
	return nil
}

// Enqueue implements store.Tickets. Runs for which this process has a free worker are claimed in the very transaction and
// begin when it is committed; the others get tickets, for whichever process has a worker first.
func (e *Engine) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	n := e.slots.take(len(runs))
	if n > 0 {
		if err := e.begin(tx, n, runs[:n]); err != nil {
			return err
		}
	}
	if n == len(runs) {
		return nil
	}
	params := make([]river.InsertManyParams, len(runs)-n)
	for i, run := range runs[n:] {
		params[i].Args = ticket{Run: run}
	}
	tx.OnEnd(func(committed bool) {
		if committed {
			e.slots.ticketsWait()
			e.queue.wake()
		}
	})
	return e.queue.insert(ctx, tx, params)
}

// begin claims runs for n workers that are taken, and lets them begin after the commit.
func (e *Engine) begin(tx *store.Tx, n int, runs []string) (err error) {
	var claimed []*execution
	defer tx.OnEnd(func(committed bool) {
		if !committed {
			claimed = nil
		}
		e.slots.giveBack(n - len(claimed))
		for _, x := range claimed {
			go func() {
				defer e.slots.giveBack(1)
				e.work(x)
			}()
		}
	})
	claimed, err = e.claim(tx, runs...)
	return err
}

// work works a claimed run until it is over or has to wait.
func (e *Engine) work(x *execution) {
	defer func() { // what an action panics with is caught where it runs
		if p := recover(); p != nil {
			e.logNotWorked(x.run.ID, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := x.work(); err != nil {
		e.logNotWorked(x.run.ID, err)
	}
}

func (e *Engine) logNotWorked(run string, err error) {
	e.log.Error("run not worked; it is taken up again when its lease ends", zap.String("run", run), zap.Error(err))
}
