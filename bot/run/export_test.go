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
