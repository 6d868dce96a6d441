package run

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	defaultLease = 20 * time.Second // how long a worker that fell silent keeps its runs
	beats        = 4                // how often in that time it says that it is alive
)

// job is a run worked in this process.
type job struct {
	lease *store.Lease
	until time.Time // when the lease ends by this machine's own clock; guarded by Engine.mu
	kept  bool      // the claim is committed; guarded by Engine.mu

	// whole ends when the job must be left: the bot stops, or the lease is lost. steps ends before that when the run is
	// cancelled; the steps that run in spite of that have whole.
	whole, steps context.Context
	leave        context.CancelCauseFunc
	cancel       context.CancelCauseFunc
}

// newJob makes the job of a run before its lease is committed, so that no cancel can slip through between. The lease was
// asked for at the given time of this machine.
func (e *Engine) newJob(lease *store.Lease, asked time.Time) *job {
	j := &job{lease: lease, until: e.surely(asked)}
	j.whole, j.leave = context.WithCancelCause(e.base)
	j.steps, j.cancel = context.WithCancelCause(j.whole)
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.jobs[lease.Run]; old != nil {
		old.leave(store.ErrLeaseLost) // its worker slept through its lease, and the run came back to this very process
	}
	e.jobs[lease.Run] = j
	return j
}

// cancelled tells whether the run was cancelled. That steps has ended says less: it also does when the job must be left.
func (j *job) cancelled() bool { return errors.Is(context.Cause(j.steps), errCancelled) }

// keepJob says that the claim of a job is committed: from now on its lease is lost when the database does not know it.
func (e *Engine) keepJob(j *job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j.kept = true
}

// drop forgets a job and ends its contexts.
func (e *Engine) drop(j *job) {
	e.mu.Lock()
	if e.jobs[j.lease.Run] == j {
		delete(e.jobs, j.lease.Run)
	}
	e.mu.Unlock()
	j.leave(context.Canceled)
}

// cancelJob ends the step of a run, if the run is worked here.
func (e *Engine) cancelJob(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.jobs[run]; j != nil {
		j.cancel(errCancelled)
	}
}

// lookAt has the leases renewed now if the run is worked here: another instance says that it is to be cancelled.
func (e *Engine) lookAt(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.jobs[run] != nil {
		e.look()
	}
}

// look has the leases renewed now, which tells what is to be cancelled.
func (e *Engine) look() {
	select {
	case e.beat <- struct{}{}:
	default: // it is about to look anyway
	}
}

// keepLeases renews the leases of all jobs until ctx ends, and hears by that which are to be cancelled.
func (e *Engine) keepLeases(ctx context.Context) {
	tick := time.NewTicker(e.opts.Lease / beats)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.beat:
			e.renewAll(ctx)
		case <-tick.C:
			if err := e.setClock(ctx); err != nil && ctx.Err() == nil {
				e.log.Error("the database was not asked for the time", zap.Error(err))
			}
			e.renewAll(ctx)
		}
	}
}

// renewAll renews the leases of all jobs in one transaction. A job whose lease is lost, or could not be renewed before
// it ended, is left: another worker may have it.
func (e *Engine) renewAll(ctx context.Context) {
	jobs, kept := e.jobsNow()
	if len(jobs) == 0 {
		return
	}
	asked, until := time.Now(), e.store.Now().Add(e.opts.Lease)
	results := make(map[*job]error, len(jobs))
	err := e.store.InTx(ctx, func(tx *store.Tx) error {
		for _, j := range jobs {
			cancel, err := tx.Renew(j.lease, until)
			if err != nil && !errors.Is(err, store.ErrLeaseLost) {
				return err
			}
			if err == nil && cancel != "" {
				err = errCancelled
			}
			results[j] = err
		}
		return nil
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.log.Error("leases not renewed", zap.Error(err))
		for _, j := range jobs {
			if over(j.until) {
				j.leave(store.ErrLeaseLost)
			}
		}
		return
	}
	for j, result := range results {
		switch {
		case errors.Is(result, store.ErrLeaseLost):
			if kept[j] {
				j.leave(result)
			}
			continue
		case result != nil:
			j.cancel(result)
		}
		j.until = e.surely(asked)
	}
}

// jobsNow is a copy of the list of jobs, and tells of which the claim was committed: of others the database may not know yet.
func (e *Engine) jobsNow() (jobs []*job, kept map[*job]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	jobs, kept = slices.Collect(maps.Values(e.jobs)), map[*job]bool{}
	for _, j := range jobs {
		kept[j] = j.kept
	}
	// In order, so that two transactions that lock several runs do not wait for each other.
	slices.SortFunc(jobs, func(a, b *job) int { return strings.Compare(a.lease.Run, b.lease.Run) })
	return jobs, kept
}
