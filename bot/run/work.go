package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// errLeft says that a run was left before its end: it waits, was handed over, or belongs to another worker.
var errLeft = errors.New("the run was left")

// Pauses between tries to write to a database that does not answer.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// execution is a run being worked.
type execution struct {
	engine   *Engine
	job      *job
	run      *store.Run
	delivery *store.Delivery // nil when it is gone
	payload  *hub.Payload
	facts    expr.Facts
	log      *zap.Logger

	results   map[string]expr.StepResult // of the steps before, by id
	failure   string                     // why the run fails; "" while it does not
	cancelled bool
	tried     time.Time // when the attempt under way began
	span      trace.Span

	over bool // its end is written
	// What the last attempt logged and reported at its end, which is written together with what came of it.
	unsaved  []store.LogLine
	progress *store.Progress
}

// work works the run until it is over or has to wait. An error is the database's: the lease then ends by itself, and the
// sweep takes the run up again.
func (x *execution) work() error {
	defer x.engine.drop(x.job)
	defer func() { x.span.End() }()
	defer x.saveRest()
	err := x.prepare()
	for i := 0; err == nil && i < len(x.run.Steps); i++ {
		err = x.step(i)
	}
	switch {
	case err == nil:
		return x.finish()
	case errors.Is(err, errLeft):
		return nil
	}
	return err
}

// claim leases those of the runs that are due, as part of tx.
func (e *Engine) claim(tx *store.Tx, runs ...string) ([]*execution, error) {
	asked, until := time.Now(), e.store.Now().Add(e.opts.Lease)
	claimed, err := tx.Claim(runs, e.owner, until)
	if err != nil {
		return nil, err
	}
	all := make([]*execution, len(claimed))
	for i, c := range claimed {
		x := &execution{
			engine: e, job: e.newJob(c.Lease, asked), run: c.Run, delivery: c.Delivery, results: map[string]expr.StepResult{},
			span: trace.SpanFromContext(context.Background()), // none yet
		}
		x.cancelled = c.Run.CancelReason != ""
		all[i] = x
		tx.OnEnd(func(committed bool) {
			if committed {
				e.keepJob(x.job)
			} else {
				e.drop(x.job)
			}
		})
		if err := e.markDry(tx, c.Lease, c.Run); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// prepare makes what the steps need of the delivery. When that can never be had, it ends the run.
func (x *execution) prepare() (err error) {
	x.log = x.engine.log.With(zap.String("delivery", x.run.DeliveryID), zap.String("rule", x.run.Rule),
		zap.String("run", x.run.ID), zap.String("repo", x.run.Repo))
	if x.job.whole.Err() != nil {
		return x.leave()
	}
	if x.delivery == nil {
		err = fmt.Errorf("delivery %s: %w", x.run.DeliveryID, store.ErrNotFound)
	} else {
		x.payload, err = hub.ParsePayload(x.delivery.Body)
	}
	if err != nil {
		x.failure = "its delivery cannot be read: " + err.Error()
		if err := x.finish(); err != nil {
			return err
		}
		return errLeft
	}
	x.beginTrace()
	x.observeStart()
	if x.engine.opts.Facts != nil {
		x.facts = x.engine.opts.Facts(x.delivery, x.payload, x.run.Ref, x.run.SHA, x.run.Plan.Facts)
	}
	return nil
}

// inTx writes in a transaction that goes through also when the job is being left: that is when it matters most. While
// the database is away it tries again until the lease ends, because what a step did would else be done again.
func (x *execution) inTx(f func(tx *store.Tx) error) error {
	ctx := context.WithoutCancel(x.job.whole)
	return patiently(x.job.whole, store.IsAway, func() error { return x.engine.store.InTx(ctx, f) })
}

// patiently does f until it succeeds, fails for good, or ctx has ended.
func patiently(ctx context.Context, passes func(error) bool, f func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f()
		if !passes(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// outcome is how the run ends when all its steps are over.
func (x *execution) outcome() (store.RunState, string) {
	switch {
	case x.cancelled:
		return store.Cancelled, x.failure
	case x.failure != "":
		return store.RunFailed, x.failure
	}
	return store.Succeeded, ""
}

// finish ends the run, all of whose steps are over, unless that was written together with the end of the last one.
func (x *execution) finish() error {
	state, message := x.outcome()
	if !x.over {
		err := x.inTx(func(tx *store.Tx) error {
			if err := tx.FinishRun(x.job.lease, state, message); err != nil {
				return err
			}
			return x.freeOnce(tx)
		})
		if errors.Is(err, store.ErrLeaseLost) {
			return nil // whoever has it ends it
		}
		if err != nil {
			return err
		}
	}
	x.traceState(state, message)
	fields := []zap.Field{zap.String("state", string(state)), zap.Duration("after", time.Since(x.run.CreatedAt))}
	if message != "" {
		fields = append(fields, zap.String("error", message))
	}
	x.log.Info("run finished", fields...)
	if o := x.engine.opts.Observer; o != nil {
		o.RunEnded(x.run.Rule, state)
	}
	return nil
}

// freeOnce frees the value of once_per of a dry run.
func (x *execution) freeOnce(tx *store.Tx) error {
	if !x.dryRun() {
		return nil
	}
	return tx.FreeOnce(x.run.ID)
}

// logLost says that another worker may have the run.
func (x *execution) logLost() {
	x.log.Warn("run left: its lease is lost, and another worker may have it")
}

// leave gives up a run whose context has ended: back into the queue when the bot stops.
func (x *execution) leave() error {
	if errors.Is(context.Cause(x.job.whole), store.ErrLeaseLost) {
		x.logLost()
		return errLeft
	}
	err := x.write(func(tx *store.Tx) error { return tx.HandOver(x.job.lease) })
	if err != nil && !errors.Is(err, store.ErrLeaseLost) {
		return err
	}
	return errLeft
}
