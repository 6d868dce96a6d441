package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	defaultTimeout = 10 * time.Minute // of a step, when neither it nor its action says otherwise
	largestOutputs = 1 << 20          // of a step, as JSON, in bytes
)

// try is one attempt at a step.
type try struct {
	x     *execution
	index int
	plan  *store.StepPlan
	entry *actions.Entry
	with  map[string]any
	mask  mask
	rt    func(dir string, rec *recorder) *actions.Runtime

	startedAgain time.Time // see actions.Runtime
}

// newTry gets everything ready for an attempt. The mask is there also with an error.
func (x *execution) newTry(ctx context.Context, i int) (*try, error) {
	plan := &x.run.Plan.Steps[i]
	t := &try{x: x, index: i, plan: plan, mask: newMask(nil)}
	secrets, err := x.engine.secretsOf(plan.Secrets)
	if err != nil {
		return t, err
	}
	t.mask = newMask(secrets)
	entry, ok := x.engine.opts.Actions.Get(plan.Uses)
	if !ok {
		return t, fmt.Errorf("this bot has no action %s", plan.Uses)
	}
	t.entry = entry
	t.rt = func(dir string, rec *recorder) *actions.Runtime {
		rt := x.runtime(plan, secrets, dir, rec)
		rt.Quota = func(_ context.Context, name string, most int, per time.Duration) (bool, error) {
			return x.takeQuota(plan.Uses+" "+name, rt.Key, most, per)
		}
		rt.Kept, rt.Keep, rt.StartedAgain = x.run.Steps[i].Outputs, t.keepNote, t.startedAgain
		return rt
	}
	if t.with, err = x.inputs(ctx, i); err != nil {
		return t, err
	}
	if _, err := json.Marshal(t.with); err != nil { // such as infinity
		return t, fmt.Errorf("with: the inputs cannot be kept: %w", err)
	}
	return t, nil
}

// timeout is how long the attempt may take.
func (t *try) timeout() time.Duration {
	switch {
	case t.plan.Timeout > 0:
		return t.plan.Timeout
	case t.entry.Spec.Timeout > 0:
		return t.entry.Spec.Timeout
	}
	return defaultTimeout
}

// masked is err with its text masked.
func (t *try) masked(err error) error { return maskedError{err, t.mask.text(err.Error())} }

// maskedError shows another text than the error it wraps.
type maskedError struct {
	error
	text string
}

// Error is the text without secrets.
func (e maskedError) Error() string { return e.text }

// Unwrap keeps errors.Is and errors.As working.
func (e maskedError) Unwrap() error { return e.error }

// run makes the attempt in a folder of its own. Outputs are masked.
func (t *try) run(ctx context.Context, attempt int) (outputs map[string]any, err error) {
	rec := t.record(attempt)
	defer func() { rec.close(err) }()
	limit := t.timeout()
	late := fmt.Errorf("step timed out after %s", limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	dir, err := t.folder(ctx, rec.log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			rec.log.Warn("the step's folder is not removed", zap.Error(err))
		}
	}()
	outputs, err = t.entry.Run(ctx, t.rt(dir, rec), t.with)
	if err != nil && errors.Is(context.Cause(ctx), late) {
		return nil, fmt.Errorf("%w: %w", late, err)
	}
	if err != nil {
		return nil, err
	}
	outputs = t.mask.object(outputs)
	if text, err := json.Marshal(outputs); err != nil {
		return nil, actions.Permanentf("the step's outputs are no JSON: %w", err)
	} else if len(text) > largestOutputs {
		return nil, actions.Permanentf("the step's outputs are larger than 1 MiB")
	}
	return outputs, nil
}

// folder makes the folder of the attempt. On a full disk it waits for room, as long as the step may take: nothing was done
// yet, so the step has not failed.
func (t *try) folder(ctx context.Context, log *zap.Logger) (dir string, err error) {
	waited := false
	err = patiently(ctx, func(err error) bool { return errors.Is(err, syscall.ENOSPC) }, func() (err error) {
		dir, err = os.MkdirTemp(t.x.engine.opts.WorkDir, workDirPrefix+"*")
		if errors.Is(err, syscall.ENOSPC) && !waited {
			log.Warn("the step waits for room on the disk", zap.Error(err))
			waited = true
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make the step's folder: %w", err)
	}
	return dir, nil
}
