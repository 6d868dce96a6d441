package emulator

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// sentTry is what a fake target saw.
type sentTry struct {
	ID  string
	URL string
	At  time.Duration // since the target was made
}

// fakeTarget takes the place of the network.
type fakeTarget struct {
	mu      sync.Mutex
	made    time.Time
	tries   []sentTry
	answer  func(try int) outcome
	during  func() // while a try is under way
	current int
	most    int // tries at the same time
}

func newFakeTarget(statuses ...int) *fakeTarget {
	return &fakeTarget{made: time.Now(), answer: func(try int) outcome {
		return outcome{status: statuses[min(try, len(statuses))-1]}
	}}
}

func (f *fakeTarget) post(_ context.Context, to target, d *delivery) outcome {
	f.mu.Lock()
	f.tries = append(f.tries, sentTry{ID: d.id, URL: to.url, At: time.Since(f.made)})
	f.current++
	f.most = max(f.most, f.current)
	result := f.answer(len(f.tries))
	f.mu.Unlock()
	if f.during != nil {
		f.during()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current--
	return result
}

func testHook(policy DeliveryPolicy) *webhook {
	return &webhook{
		id: "hook", settings: webhookSettings{url: "http://one.test/?secret=x"},
		slots: make(chan struct{}, policy.withDefaults().Concurrency),
	}
}

func TestOutboxRetries(t *testing.T) {
	t.Parallel()
	second, minute := time.Second, time.Minute
	for _, test := range []struct {
		name     string
		policy   DeliveryPolicy
		statuses []int
		want     []time.Duration
		failures int
	}{
		{"a success needs one try", DeliveryPolicy{}, []int{200}, []time.Duration{0}, 0},
		{"every 2xx is a success", DeliveryPolicy{}, []int{299}, []time.Duration{0}, 0},
		{"until it succeeds", DeliveryPolicy{}, []int{500, 404, 202}, []time.Duration{0, second, 6 * second}, 0},
		{"a redirect is a failure", DeliveryPolicy{}, []int{302, 200}, []time.Duration{0, second}, 0},
		{"no answer is a failure", DeliveryPolicy{}, []int{0, 200}, []time.Duration{0, second}, 0},
		{
			"the schedule ends",
			DeliveryPolicy{Retry: []time.Duration{minute, minute}},
			[]int{500},
			[]time.Duration{0, minute, 2 * minute},
			1,
		},
		{"an empty schedule is one try", DeliveryPolicy{Retry: []time.Duration{}}, []int{500}, []time.Duration{0}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				target, hook := newFakeTarget(test.statuses...), testHook(test.policy)
				box := newOutbox(test.policy, target.post, nil)
				defer box.close()
				box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
				if err := box.idle(t.Context()); err != nil {
					t.Fatal(err)
				}
				var at []time.Duration
				for _, try := range target.tries {
					at = append(at, try.At)
				}
				if diff := cmp.Diff(test.want, at); diff != "" {
					t.Errorf("times of the tries (-want +got):\n%s", diff)
				}
				if hook.failures != test.failures {
					t.Errorf("%d failed deliveries in a row, want %d", hook.failures, test.failures)
				}
			})
		})
	}
}

func TestOutboxSuspendsAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: 2}
		target, hook := newFakeTarget(500, 200, 500, 500, 200), testHook(policy)
		box := newOutbox(policy, target.post, nil)
		defer box.close()
		wantStates := []webhookState{
			webhookEnabled, webhookEnabled, webhookEnabled, webhookSuspended, webhookSuspended,
		}
		for i, want := range wantStates {
			box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
			if err := box.idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if hook.state != want {
				t.Errorf("after delivery %d the state is %d, want %d", i+1, hook.state, want)
			}
		}
		if len(target.tries) != 4 {
			t.Errorf("%d tries, want 4: a suspended webhook is not called", len(target.tries))
		}
		hook.switchTo(webhookEnabled)
		box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
		if err := box.idle(t.Context()); err != nil || len(target.tries) != 5 {
			t.Errorf("after enabling: %d tries, want 5 (%v)", len(target.tries), err)
		}
	})
}

func TestOutboxRetriesGoToTheCurrentURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target, hook := newFakeTarget(500, 200), testHook(DeliveryPolicy{})
		var reports []Delivery
		box := newOutbox(DeliveryPolicy{}, target.post, func(d Delivery) { reports = append(reports, d) })
		defer box.close()
		box.add(&delivery{id: "d", hook: hook, body: []byte("{}")}, deliveryFaults{})
		synctest.Wait()
		hook.change(webhookSettings{url: "http://two.test/"})
		if err := box.idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []Delivery{
			{ID: "d", WebhookID: "hook", URL: "http://one.test/", Try: 1, Status: 500, Body: []byte("{}")},
			{ID: "d", WebhookID: "hook", URL: "http://two.test/", Try: 2, Status: 200, Body: []byte("{}")},
		}
		if diff := cmp.Diff(want, reports); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	})
}

func TestOutboxStopsWhenTheWebhookIsSwitchedOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target, hook := newFakeTarget(500), testHook(DeliveryPolicy{})
		box := newOutbox(DeliveryPolicy{}, target.post, nil)
		defer box.close()
		box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
		synctest.Wait()
		hook.switchTo(webhookDisabled)
		if err := box.idle(t.Context()); err != nil || len(target.tries) != 1 {
			t.Errorf("%d tries, want 1 (%v)", len(target.tries), err)
		}
	})
}

func TestOutboxBoundsConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := DeliveryPolicy{Concurrency: 3}
		target, hook := newFakeTarget(200), testHook(policy)
		target.during = func() { time.Sleep(time.Second) } // of the bubble's clock
		box := newOutbox(policy, target.post, nil)
		defer box.close()
		for range 10 {
			box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
		}
		if err := box.idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if target.most != 3 || len(target.tries) != 10 {
			t.Errorf("%d of %d tries at the same time, want 3 of 10", target.most, len(target.tries))
		}
	})
}

func TestOutboxBoundsTheBacklog(t *testing.T) {
	t.Parallel()
	hook := testHook(DeliveryPolicy{})
	hook.backlog = maxBacklog
	box := newOutbox(DeliveryPolicy{}, newFakeTarget(200).post, nil)
	defer box.close()
	box.add(&delivery{id: "d", hook: hook, event: hub.Event{Scope: "repo", Action: "create"}}, deliveryFaults{})
	logs := hook.activity()
	if len(logs) != 1 || !errors.Is(logs[0].err, errNotSent) {
		t.Errorf("activity %v, want one entry that says it was not sent", logs)
	}
}

func TestOutboxReorders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target, hook := newFakeTarget(200), testHook(DeliveryPolicy{})
		box := newOutbox(DeliveryPolicy{}, target.post, nil)
		defer box.close()
		for _, id := range []string{"1", "2", "3"} {
			box.add(&delivery{id: id, hook: hook}, deliveryFaults{reorder: true})
			synctest.Wait()
		}
		if err := box.idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []sentTry{
			{"2", hook.settings.url, 0}, {"1", hook.settings.url, 0}, {"3", hook.settings.url, overtakeWait},
		}
		if diff := cmp.Diff(want, target.tries); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

// The copies of one delivery stay together, so that duplicates do not undo the order.
func TestOutboxReordersCopies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target, hook := newFakeTarget(200), testHook(DeliveryPolicy{})
		box := newOutbox(DeliveryPolicy{}, target.post, nil)
		defer box.close()
		for _, id := range []string{"1", "2"} {
			box.add(&delivery{id: id, hook: hook}, deliveryFaults{reorder: true, extraCopies: 1})
		}
		if err := box.idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(target.tries) != 4 || target.tries[0].ID != "2" {
			t.Errorf("tries %v, want both twice and 2 first", target.tries)
		}
	})
}

func TestOutboxIdleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := newFakeTarget(500)
		box := newOutbox(DeliveryPolicy{}, target.post, nil)
		defer box.close()
		box.add(&delivery{id: "d", hook: testHook(DeliveryPolicy{})}, deliveryFaults{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := box.idle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("idle answered %v while a retry was due", err)
		}
	})
}

func TestOutboxCloseEndsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target, hook := newFakeTarget(500), testHook(DeliveryPolicy{})
		box := newOutbox(DeliveryPolicy{}, target.post, nil)
		box.add(&delivery{id: "d", hook: hook}, deliveryFaults{})
		synctest.Wait()
		box.close()
		box.add(&delivery{id: "late", hook: hook}, deliveryFaults{})
		if _, err := box.replay(t.Context(), &delivery{id: "late", hook: hook}); err == nil {
			t.Error("a closed outbox replays")
		}
		if err := box.idle(t.Context()); err != nil || len(target.tries) != 1 {
			t.Errorf("%d tries, want 1 (%v)", len(target.tries), err)
		}
	})
}
