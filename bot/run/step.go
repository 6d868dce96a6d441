package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/store"
)

// longestError bounds the text of an error as it is kept, in bytes.
const longestError = 4 << 10

// step brings one step to its end, unless an earlier worker did. It returns errLeft when the run cannot go on now.
func (x *execution) step(i int) error {
	if step := x.run.Steps[i]; step.State.Final() {
		x.keep(i, store.StepResult{State: step.State, Outputs: step.Outputs, Error: step.Error})
		return nil
	}
	if x.job.whole.Err() != nil {
		return x.leave()
	}
	x.cancelled = x.cancelled || x.job.cancelled()
	span, message := x.traceStep(i), ""
	defer func() { endSpan(span, message) }()
	looking := trace.ContextWithSpan(x.job.whole, span)
	due, err := x.due(looking, i)
	switch {
	case err != nil:
		message = shorten(err.Error())
		return x.failed(i, err, lookUpFailed(err))
	case !due && x.cancelled:
		return x.end(i, store.StepResult{State: store.Cancelled})
	case !due:
		return x.end(i, store.StepResult{State: store.Skipped})
	}
	t, err := x.newTry(looking, i)
	if err != nil {
		err = t.masked(err)
		message = shorten(err.Error())
		return x.failed(i, err, lookUpFailed(err))
	}
	var attempt int
	err = x.inTx(func(tx *store.Tx) (err error) {
		if err := tx.StartedAgain(x.run.Rule, x.run.RepoID, &t.startedAgain); err != nil {
			return err
		}
		attempt, err = tx.StartStep(x.job.lease, i, t.mask.object(t.with))
		return err
	})
	if err != nil {
		return x.lost(err)
	}
	x.tried = time.Now()
	span.SetAttributes(attribute.Int("hfbot.attempt", attempt))
	outputs, err := t.run(trace.ContextWithSpan(x.context(), span), attempt)
	if err != nil {
		err = t.masked(err)
		message = shorten(err.Error())
		return x.failed(i, err, t.entry.Spec.Idempotent || x.run.Plan.Steps[i].Retry.Force)
	}
	return x.end(i, store.StepResult{State: store.Succeeded, Outputs: outputs})
}

// lookUpFailed tells that an expression failed only because the Hub did not answer for a fact, so that nothing was done
// yet and it may be tried again. Other mistakes of an expression would come again.
func lookUpFailed(err error) bool { return errors.As(err, new(*expr.FactError)) }

// context is what the next attempt runs in. Once the run is cancelled, the steps that run in spite of it must not be
// ended by the same cancel.
func (x *execution) context() context.Context {
	if x.cancelled {
		return x.withOrigin(x.job.whole)
	}
	return x.withOrigin(x.job.steps)
}

// failed decides what follows from a failure: the run is left, cancelled, tried again later, or goes on with a failed
// step.
func (x *execution) failed(i int, err error, repeatable bool) error {
	if x.job.whole.Err() != nil {
		return x.leave()
	}
	message := shorten(err.Error())
	if !x.cancelled && x.job.cancelled() {
		x.cancelled = true
		return x.end(i, store.StepResult{State: store.Cancelled, Error: message})
	}
	plan, failures := &x.run.Plan.Steps[i], x.run.Steps[i].Failures+1
	delay, again := retryDelay(err, plan.Retry, failures)
	// Who names a delay says that nothing happened, so trying again is safe whatever the action does.
	_, nothingDone := actions.RetryDelay(err)
	if !again || !repeatable && !nothingDone || x.cancelled {
		return x.end(i, store.StepResult{State: store.RunFailed, Error: message})
	}
	reason := fmt.Sprintf("step %s failed; retry %d of %d", plan.ID, failures, plan.Retry.Max)
	return x.wait(i, delay, message, reason)
}

// wait lets the run wait for the next attempt at a step.
func (x *execution) wait(i int, delay time.Duration, message, reason string) error {
	err := x.write(func(tx *store.Tx) error {
		err := tx.EndStep(x.job.lease, i, store.StepResult{State: store.Waiting, Error: message})
		if err != nil {
			return err
		}
		return tx.WaitRetry(x.job.lease, x.engine.store.Now().Add(delay), reason)
	})
	if err != nil {
		return x.lost(err)
	}
	x.observeStep(i, store.Waiting)
	x.traceState(store.Waiting, "")
	x.log.Warn("step failed; it is tried again", zap.String("step", x.run.Steps[i].ID), zap.String("error", message),
		zap.Duration("in", delay))
	return errLeft
}

// end writes the end of a step, and after the last one that of the run: nothing that can fail lies between.
func (x *execution) end(i int, r store.StepResult) error {
	x.keep(i, r)
	last := i == len(x.run.Steps)-1
	state, message := x.outcome()
	err := x.write(func(tx *store.Tx) error {
		if !last {
			return tx.EndStep(x.job.lease, i, r)
		}
		if err := tx.EndRun(x.job.lease, i, r, state, message); err != nil {
			return err
		}
		return x.freeOnce(tx)
	})
	if err != nil {
		return x.lost(err)
	}
	x.over = last
	x.observeStep(i, r.State)
	return nil
}

// lost makes errLeft of a lost lease.
func (x *execution) lost(err error) error {
	if errors.Is(err, store.ErrLeaseLost) {
		x.logLost()
		return errLeft
	}
	return err
}

// shorten bounds the text of an error.
func shorten(text string) string { return shortenTo(text, longestError) }

// shortenTo cuts a text that is longer than most bytes.
func shortenTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " …"
}
