//go:build unix

package torture_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// TestStopHandsOver stops one of two bots gently while most of two hundred runs are queued and many are under way. What it
// has begun it finishes, the other one does the rest, and no step is done twice.
func TestStopHandsOver(t *testing.T) {
	t.Parallel()
	const deliveries = 200
	ctx := t.Context()
	s := newScene(ctx, t, pgtest.Database(t, nil), 1)
	release := make(chan struct{})
	for num := range deliveries {
		s.counter.holdFirst(fmt.Sprint("/before/", num+1), release)
	}
	var sending sync.WaitGroup
	for range 4 {
		sending.Go(func() {
			for range deliveries / 4 {
				if err := s.send(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	stopping, other := s.instances[0], s.join(ctx)
	for _, state := range []string{"running", "queued"} { // the first page of both is full
		s.await(ctx, "many runs to be "+state, func() bool { return other.count(ctx, "runs", state) >= 50 })
	}
	s.instances = []*process{other}
	webhook := stopping.address()
	var stopped sync.WaitGroup
	stopped.Go(stopping.stop)
	s.await(ctx, "the first bot to take no more deliveries", func() bool {
		res, err := client.Head(webhook)
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	})
	close(release)
	stopped.Wait()
	s.settle(ctx)
	s.verify(ctx, 0)
	for num := range s.accepted {
		for _, step := range []string{"before", "after"} {
			if n := s.counter.calls(step, num); n != 1 {
				t.Errorf("discussion %d: step %s was done %d times", num, step, n)
			}
		}
	}
}
