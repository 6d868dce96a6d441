package run_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// The clock is set back and forward by hours while one run is worked, one waits for its next try and one for quiet. The
// first is neither left nor done twice, and the others wait no longer than they would have.
func testClockIsSet(t *testing.T, database database) {
	var off atomic.Int64
	path := database(t)
	source := func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
	s, err := store.Open(t.Context(), path, store.WithTimeSource(source))
	if err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}, 2), make(chan struct{})
	var failed atomic.Bool
	b := newBotOn(t, s, path, map[string]do{
		"test.held": func(ctx context.Context, _ *actions.Runtime, _ in) (out, error) {
			held <- struct{}{}
			select {
			case <-release:
				return out{}, nil
			case <-ctx.Done():
				return out{}, ctx.Err()
			}
		},
		"test.second": func(context.Context, *actions.Runtime, in) (out, error) {
			if failed.CompareAndSwap(false, true) {
				return out{}, errors.New("not at once")
			}
			return out{}, nil
		},
		"test.echo": echo,
	}, func(o *run.Options) { o.Lease = 10 * time.Second }) // long enough for a busy machine
	worked := b.insert(store.StepPlan{ID: "a", Uses: "test.held"})
	<-held
	for _, step := range []time.Duration{-5 * time.Hour, 10 * time.Hour} {
		failed.Store(false)
		retried := b.insert(store.StepPlan{ID: "a", Uses: "test.second", Retry: store.Retry{Max: 1, Backoff: time.Hour}})
		b.await(retried, store.Waiting)
		quiet := &store.Run{Plan: store.Plan{Steps: []store.StepPlan{{ID: "a", Uses: "test.echo"}}}}
		b.insertRun(quiet, func(tx *store.Tx) error { return tx.Debounce(quiet, "key", time.Hour, 0) })
		off.Add(int64(step))
		b.await(retried, store.Succeeded)
		b.await(quiet.ID, store.Succeeded)
	}
	close(release)
	if r := b.await(worked, store.Succeeded); r.Steps[0].Attempt != 1 {
		t.Errorf("the step under way began %d times", r.Steps[0].Attempt)
	}
}

// The database's clock is set forward by hours, and of two bots the one that works nothing notices first. It leaves the
// other one's run alone, whose lease seems to have ended long ago, until that one had time to renew it.
func TestClockIsSetUnderTwoBots(t *testing.T) {
	t.Parallel()
	var off atomic.Int64
	source := func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
	path, begun, release := postgres(t), make(chan struct{}, 2), make(chan struct{})
	join := func() *bot {
		s, err := store.Open(t.Context(), path, store.WithTimeSource(source))
		if err != nil {
			t.Fatal(err)
		}
		return newBotOn(t, s, path, map[string]do{"test.held": func(context.Context, *actions.Runtime, in) (out, error) {
			begun <- struct{}{}
			<-release
			return out{}, nil
		}}, func(o *run.Options) { o.Lease = time.Hour }) // so that nobody sweeps but this test
	}
	first := join()
	id := first.insert(store.StepPlan{ID: "a", Uses: "test.held"})
	<-begun
	second := join()
	off.Add(int64(5 * time.Hour))
	for _, b := range []*bot{second, first, second} {
		if err := b.engine.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := first.logs.FilterMessageSnippet("the clock was set").Len(); n != 1 {
		t.Errorf("%d lines of the log say that the clock was set", n)
	}
	close(release)
	if r := first.await(id, store.Succeeded); r.Steps[0].Attempt != 1 {
		t.Errorf("the step under way began %d times", r.Steps[0].Attempt)
	}
}
