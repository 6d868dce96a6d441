package run

import (
	"context"
	"time"
)

// RenewAll renews all leases as the heartbeat does.
func (e *Engine) RenewAll(ctx context.Context) { e.renewAll(ctx) }

// Sweep sweeps as every instance does now and then.
func (e *Engine) Sweep(ctx context.Context) error { return e.sweep(ctx) }

// Doubt makes all leases seem to have ended by this machine's clock, as after a pause.
func (e *Engine) Doubt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, j := range e.jobs {
		j.until = time.Now().Add(-time.Second)
	}
}

// Quiet tells whether nothing is worked, and nothing waits in the queue, so that the next run begins at once.
func (e *Engine) Quiet() bool {
	e.slots.mu.Lock()
	defer e.slots.mu.Unlock()
	return e.slots.open && !e.slots.waiting && e.slots.direct+e.slots.queued == 0
}

// Open tells whether runs may begin.
func (e *Engine) Open() bool {
	e.slots.mu.Lock()
	defer e.slots.mu.Unlock()
	return e.slots.open
}

// Jobs is how many runs this process holds the lease of.
func (e *Engine) Jobs() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.jobs)
}
