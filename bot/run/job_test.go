package run

import (
	"context"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// TestOnlyACancelCancels ends jobs in each way: a run that must only be left goes on elsewhere, and is not cancelled for good.
func TestOnlyACancelCancels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(j *job, stop context.CancelFunc)
		want bool
	}{
		"it goes on":           {func(*job, context.CancelFunc) {}, false},
		"the bot stops":        {func(j *job, _ context.CancelFunc) { j.leave(errInterrupted) }, false},
		"the bot ends":         {func(_ *job, stop context.CancelFunc) { stop() }, false},
		"the lease is lost":    {func(j *job, _ context.CancelFunc) { j.leave(store.ErrLeaseLost) }, false},
		"it is cancelled":      {func(j *job, _ context.CancelFunc) { j.cancel(errCancelled) }, true},
		"cancelled, then left": {func(j *job, _ context.CancelFunc) { j.cancel(errCancelled); j.leave(errInterrupted) }, true},
		"left, then cancelled": {func(j *job, _ context.CancelFunc) { j.leave(errInterrupted); j.cancel(errCancelled) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, stop := context.WithCancel(t.Context())
			defer stop()
			e := &Engine{base: base, jobs: map[string]*job{}}
			j := e.newJob(&store.Lease{Run: "r"}, time.Now())
			c.end(j, stop)
			if got := j.cancelled(); got != c.want {
				t.Errorf("cancelled %v, want %v", got, c.want)
			}
		})
	}
}
