package run

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	sweepBatch  = 500 // runs of one transaction, so that a sweep never blocks deliveries for long
	ticketStale = 2   // leases; a run queued for longer gets another ticket: its first may be lost
)

// takeUp puts everything that an earlier process left back into the queue. The store's lock tells that this process is
// alone; then whatever is running was left, and there is no need to wait for leases to end.
func (e *Engine) takeUp(ctx context.Context) error {
	alone := e.store.Exclusive()
	started := e.store.Now()
	longest := e.opts.Lease
	if alone {
		longest = 0
	}
	err := e.inBatches(ctx, func(tx *store.Tx) (int, error) { return tx.TakeOrphans(longest, sweepBatch) })
	if err != nil || !alone {
		return err
	}
	return e.inBatches(ctx, func(tx *store.Tx) (int, error) { return tx.TicketAgain(started, sweepBatch) })
}

// keepTime ends the waits of runs when they are due, until ctx ends, and sweeps up what went astray.
func (e *Engine) keepTime(ctx context.Context) {
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	var swept time.Time
	sweepEvery := e.opts.Lease / beats // the net under leases, due times and tickets
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.poke:
		case <-alarm.C:
		}
		if time.Since(swept) >= sweepEvery {
			swept = time.Now()
			e.logUnlessDone(ctx, "sweep runs", e.sweep(ctx))
		}
		next, err := e.releaseDue(ctx, e.store.Now())
		e.logUnlessDone(ctx, "release runs that are due", err)
		sleep := sweepEvery - time.Since(swept)
		if !next.IsZero() {
			sleep = min(sleep, next.Sub(e.store.Now()))
		}
		alarm.Reset(sleep)
	}
}

// sweep takes up runs whose worker is gone, and issues lost tickets again. After the clock was set, leases say nothing
// until those who live have renewed theirs.
func (e *Engine) sweep(ctx context.Context) error {
	if err := e.setClock(ctx); err != nil {
		return err
	}
	e.renewAll(ctx)
	return e.store.InTx(ctx, func(tx *store.Tx) error {
		if !e.store.ClockWasSet(e.opts.Lease) {
			if _, err := tx.TakeOrphans(e.opts.Lease, sweepBatch); err != nil {
				return err
			}
		}
		if _, err := tx.ReleaseAhead(sweepBatch); err != nil {
			return err
		}
		_, err := tx.TicketAgain(e.store.Now().Add(-ticketStale*e.opts.Lease), sweepBatch)
		return err
	})
}

// setClock goes by the database's clock, and says so when that was set.
func (e *Engine) setClock(ctx context.Context) error {
	by, err := e.store.SetClock(ctx)
	if by != 0 {
		e.log.Warn("the clock was set; if it is wrong now, waits, rate limits and what is kept go wrong with it",
			zap.Stringer("by", by), zap.Time("now", e.store.Now()))
	}
	return err
}

// releaseDue ends the waits whose time has come and returns when the next one is due; the zero time for none.
func (e *Engine) releaseDue(ctx context.Context, now time.Time) (time.Time, error) {
	next, err := e.store.NextDue(ctx)
	if err != nil || next.IsZero() || next.After(now) {
		return next, err
	}
	err = e.inBatches(ctx, func(tx *store.Tx) (int, error) { return tx.ReleaseDue(sweepBatch) })
	if err != nil {
		return time.Time{}, err
	}
	return e.store.NextDue(ctx)
}

// inBatches repeats f, each time in a transaction of its own, until it has less to do than a whole batch.
func (e *Engine) inBatches(ctx context.Context, f func(tx *store.Tx) (int, error)) error {
	for {
		var n int
		err := e.store.InTx(ctx, func(tx *store.Tx) (err error) {
			n, err = f(tx)
			return err
		})
		if err != nil || n < sweepBatch {
			return err
		}
	}
}

func (e *Engine) logUnlessDone(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		e.log.Error(what, zap.Error(err))
	}
}
