package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

func testStepRetry(t *testing.T, database database) {
	busy := errors.New("busy")
	quick := store.Retry{Max: 3, Backoff: time.Millisecond, Factor: 2}
	forced := quick
	forced.Force = true
	for name, c := range map[string]struct {
		uses     string
		retry    store.Retry
		failures int // how often the action fails before it succeeds
		err      error
		attempts int
		want     store.RunState
	}{
		"succeeds at last":           {"test.again", quick, 3, busy, 4, store.Succeeded},
		"fails once too often":       {"test.again", quick, 4, busy, 4, store.RunFailed},
		"no retry":                   {"test.again", store.Retry{}, 1, busy, 1, store.RunFailed},
		"permanent":                  {"test.again", quick, 1, actions.Permanent(busy), 1, store.RunFailed},
		"not idempotent":             {"test.once", quick, 1, busy, 1, store.RunFailed},
		"not idempotent, but forced": {"test.once", forced, 1, busy, 2, store.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			try := func(_ context.Context, rt *actions.Runtime, _ in) (out, error) {
				keys = append(keys, rt.Key)
				if len(keys) <= c.failures {
					return out{}, c.err
				}
				return out{}, nil
			}
			b := newBot(t, database(t), map[string]do{c.uses: try})
			r := b.await(b.insert(store.StepPlan{ID: "a", Uses: c.uses, Retry: c.retry}), c.want)
			attempts, err := b.store.Attempts(t.Context(), r.ID)
			if err != nil || len(attempts) != c.attempts || len(keys) != c.attempts || r.Steps[0].Attempt != c.attempts {
				t.Errorf("%d attempts kept, %v; %d made; step says %d; want %d", len(attempts), err, len(keys),
					r.Steps[0].Attempt, c.attempts)
			}
			if slices.Sort(keys); keys[0] != keys[len(keys)-1] {
				t.Errorf("the idempotency key changed: %v", keys)
			}
		})
	}
}

// While a run waits for a retry it says so, and until when; what the other side asked for is honoured.
func testRetryAfter(t *testing.T, database database) {
	b := newBot(t, database(t), map[string]do{"test.busy": func(context.Context, *actions.Runtime, in) (out, error) {
		return out{}, actions.RetryAfter(time.Hour, errors.New("too many requests"))
	}})
	id := b.insert(store.StepPlan{ID: "a", Uses: "test.busy", Retry: store.Retry{Max: 2, Backoff: time.Millisecond}})
	r := b.await(id, store.Waiting)
	if wait := time.Until(r.WaitUntil); wait < 59*time.Minute || wait > 73*time.Minute {
		t.Errorf("waits %s, want an hour and a little more", wait)
	}
	if want := "step a failed; retry 1 of 2"; r.Reason != want || r.Steps[0].Error != "too many requests" {
		t.Errorf("reason %q, step's error %q", r.Reason, r.Steps[0].Error)
	}
	if err := b.engine.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, b.await(id, store.Cancelled), store.Cancelled)
}

// facts fails a few times before it answers.
type facts struct{ failures *atomic.Int32 }

func (f facts) Fact(_ context.Context, name string) (any, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, fmt.Errorf("no %s today", name)
	}
	return []string{"a.bin"}, nil
}

func testFailedFactIsRetried(t *testing.T, database database) {
	var failures atomic.Int32
	failures.Store(2)
	b := newBot(t, database(t), map[string]do{"test.once": echo}, func(o *run.Options) {
		o.Facts = func(*store.Delivery, *hub.Payload, string, string, map[string]any) expr.Facts {
			return facts{&failures}
		}
	})
	r := b.await(b.insert(store.StepPlan{
		ID: "a", Uses: "test.once", If: "'a.bin' in files", Retry: store.Retry{Max: 2, Backoff: time.Millisecond},
	}), store.Succeeded)
	if r.Steps[0].Attempt != 1 || r.Steps[0].Failures != 2 {
		t.Errorf("the action began %d times after %d failures, want 1 after 2", r.Steps[0].Attempt, r.Steps[0].Failures)
	}
}

func testRetryByHand(t *testing.T, database database) {
	var good, bad int
	b := newBot(t, database(t), map[string]do{
		"test.good": func(context.Context, *actions.Runtime, in) (out, error) {
			good++
			return out{N: 7}, nil
		},
		"test.bad": func(_ context.Context, _ *actions.Runtime, in in) (out, error) {
			if bad++; bad == 1 {
				return out{}, errors.New("not yet")
			}
			return out{N: in.N}, nil
		},
	})
	id := b.insert(
		store.StepPlan{ID: "a", Uses: "test.good"},
		store.StepPlan{ID: "b", Uses: "test.bad", With: map[string]any{"n": "${{ steps.a.outputs.n }}"}},
	)
	b.await(id, store.RunFailed)
	if err := b.engine.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r := b.await(id, store.Succeeded)
	if good != 1 || bad != 2 || r.Attempt != 2 || r.Steps[1].Outputs["n"] != int64(7) {
		t.Errorf("good ran %d times, bad %d; attempt %d, outputs %v", good, bad, r.Attempt, r.Steps[1].Outputs)
	}
	if lines, err := b.store.Logs(t.Context(), id, 0); err != nil || strings.Contains(fmt.Sprint(lines), "cut off") {
		t.Errorf("log: %+v, %v; no attempt was cut off", lines, err)
	}
	if err := b.engine.Retry(t.Context(), id); !errors.Is(err, store.ErrState) {
		t.Errorf("retry of a run that succeeded: %v, want ErrState", err)
	}
}
