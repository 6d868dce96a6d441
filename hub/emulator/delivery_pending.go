package emulator

import (
	"context"
	"fmt"
	"time"
)

// begin runs work in the background and counts it as pending; a closed outbox does nothing and answers false.
func (o *outbox) begin(work func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	if o.pending == 0 {
		o.drained = make(chan struct{})
	}
	o.pending++
	o.running.Go(func() {
		defer o.finish()
		work()
	})
	return true
}

// finish counts one piece of work as done.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pending--; o.pending == 0 {
		close(o.drained)
	}
}

// wait pauses for d and tells whether the outbox is still open.
func (o *outbox) wait(d time.Duration) bool {
	if d <= 0 {
		return o.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-o.ctx.Done():
		return false
	}
}

// idle waits until no delivery is under way or waiting for a retry.
func (o *outbox) idle(ctx context.Context) error {
	for {
		o.mu.Lock()
		pending, drained := o.pending, o.drained
		o.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-drained:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d webhook deliveries: %w", pending, ctx.Err())
		}
	}
}

// close stops all deliveries, also those waiting for a retry, and returns when none is left.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.stop()
	o.running.Wait()
}
