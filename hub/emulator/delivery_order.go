package emulator

import (
	"context"
	"sync"
	"time"
)

// overtakeWait is how long a delivery waits to be overtaken when no other follows.
const overtakeWait = time.Second

// overtaking pairs deliveries so that the later one is tried first. The zero value is ready to use.
type overtaking struct {
	mu      sync.Mutex
	waiting chan struct{} // open while an earlier delivery waits for the next one
}

// next returns what a delivery does before its first try and what after it.
func (o *overtaking) next(ctx context.Context) (before, after func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting != nil {
		overtaken := o.waiting
		o.waiting = nil
		return func() {}, sync.OnceFunc(func() { close(overtaken) })
	}
	turn := make(chan struct{})
	o.waiting = turn
	return func() { o.waitFor(ctx, turn) }, func() {}
}

// waitFor waits until the following delivery has been tried, or long enough that none seems to follow.
func (o *overtaking) waitFor(ctx context.Context, turn chan struct{}) {
	timer := time.NewTimer(overtakeWait)
	defer timer.Stop()
	select {
	case <-turn:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	o.giveUp(turn)
	select {
	case <-turn:
	case <-ctx.Done():
	}
}

// giveUp ends the wait for a follower, unless one is there and about to overtake.
func (o *overtaking) giveUp(turn chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting == turn {
		o.waiting = nil
		close(turn)
	}
}
