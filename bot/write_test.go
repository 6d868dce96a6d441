package bot

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/webhook"
)

// newWriter makes a dispatcher on a store of its own, with two rules that match each push.
func newWriter(t *testing.T) *dispatcher {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	set := twoRules(t, "repo.content", "true")
	d := newDispatcher(s, func() *rule.Set { return set }, nil,
		func(context.Context) (account, error) { return account{}, nil }, 1, zap.NewNop())
	d.tracer, d.metrics = noop.NewTracerProvider().Tracer(""), newMetrics(s)
	return d
}

// decide has so many pushes kept and decided, and returns their ids. What comes of them is not written yet.
func decide(t *testing.T, d *dispatcher, pushes int) (ids []string) {
	t.Helper()
	for i := range pushes {
		delivery := webhook.NewDelivery([]byte(pushBody), fmt.Sprint("w", i), d.store.Now())
		var err error
		if delivery.ID, _, err = d.store.Accept(t.Context(), delivery); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, delivery.ID)
		d.takeNew(&delivery)
		d.work(t.Context(), <-d.waiting)
	}
	return ids
}

// TestWriteTogether writes decisions in one transaction, of which none, one or all cannot be written: that keeps no other
// back, and each that can be written has its run once.
func TestWriteTogether(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string][]int{"none fails": nil, "one fails": {1}, "all fail": {0, 1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newWriter(t)
			s, told := d.store, map[string]bool{}
			d.matched = func(id string) { told[id] = true }
			ids := decide(t, d, 3)
			for _, i := range lost { // another instance matches it
				err := s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishMatch(ids[i], nil, nil, "") })
				if err != nil {
					t.Fatal(err)
				}
			}
			close(d.decisions)
			d.writeDecisions(t.Context())
			for i, id := range ids {
				delivery, err := s.Delivery(t.Context(), id)
				want := 2 // of two rules
				for _, gone := range lost {
					if i == gone {
						want = 0
					}
				}
				if err != nil || delivery.State != store.Matched || len(delivery.Runs) != want || !told[id] {
					t.Errorf("delivery %d: %+v, told %t, %v; want %d runs", i, delivery, told[id], err, want)
				}
				if _, held := d.held.Load(id); held {
					t.Errorf("delivery %d is still held", i)
				}
			}
		})
	}
}

// TestWriteForWorkers makes as many runs at once as workers are free, and all of them when none is.
func TestWriteForWorkers(t *testing.T) {
	t.Parallel()
	for free, want := range map[int]int{0: 1, 1: 3, 2: 3, 3: 2, 4: 2, 100: 1} { // transactions for three deliveries of two runs
		d := newWriter(t)
		var waited []int
		d.workers = func(want int) int {
			waited = append(waited, want)
			return free
		}
		decide(t, d, 3)
		close(d.decisions)
		d.writeDecisions(t.Context())
		counts, err := d.store.Counts(t.Context())
		if err != nil || counts.Deliveries[store.Matched] != 3 || counts.Runs[store.Queued] != 6 {
			t.Errorf("with %d workers free: %+v, %v", free, counts, err)
		}
		if len(waited) != want || waited[0] != 3 {
			t.Errorf("with %d workers free: asked for %v, want to ask %d times", free, waited, want)
		}
	}
}

// TestTakeUnmatched takes up all that a crash left, in several reads, or as much as there is room for.
func TestTakeUnmatched(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var accepted sync.WaitGroup
	for i := range 2*sweepBatch + 10 {
		accepted.Go(func() {
			if _, _, err := s.Accept(t.Context(), webhook.NewDelivery([]byte(pushBody), fmt.Sprint("w", i), s.Now())); err != nil {
				t.Error(err)
			}
		})
	}
	accepted.Wait()
	for room, want := range map[int]int{handOver: 2*sweepBatch + 10, sweepBatch + 10: sweepBatch + 10} {
		d := newDispatcher(s, nil, nil, nil, 1, zap.NewNop())
		d.waiting = make(chan waiting, room)
		for range 2 { // what waits already is left alone
			if err := d.takeUnmatched(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		held := 0
		d.held.Range(func(any, any) bool { held++; return true })
		if len(d.waiting) != want || held != want {
			t.Errorf("with room for %d, %d wait and %d are held, want %d", room, len(d.waiting), held, want)
		}
	}
}

// TestWriteAtTheEnd writes what was decided when the bot is told to stop.
func TestWriteAtTheEnd(t *testing.T) {
	t.Parallel()
	d := newWriter(t)
	ids := decide(t, d, 1)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	close(d.decisions)
	d.writeDecisions(ctx)
	if kept, err := d.store.Delivery(t.Context(), ids[0]); err != nil || kept.State != store.Matched {
		t.Errorf("the delivery is %+v, %v", kept, err)
	}
}

// TestHandOver bounds the bodies that wait in memory: past that, deliveries are read again.
func TestHandOver(t *testing.T) {
	t.Parallel()
	d := newDispatcher(nil, nil, nil, nil, 1, nil)
	for i := range 40 {
		d.takeNew(&store.Delivery{ID: fmt.Sprint("d", i), Body: make([]byte, 1<<20)})
		d.takeNew(&store.Delivery{ID: fmt.Sprint("d", i), Body: make([]byte, 1<<20)}) // waits already
	}
	d.takeNew(&store.Delivery{ID: "no text", Key: "\xff"})
	kept, read := 0, 0
	for len(d.waiting) > 0 {
		w := <-d.waiting
		d.taken(w)
		if w.delivery == nil {
			read++
		} else {
			kept++
		}
	}
	if kept != 32 || read != 9 || d.bodies.Load() != 0 {
		t.Errorf("%d waited in memory, %d are read again, %d bytes are left; want 32, 9, 0", kept, read, d.bodies.Load())
	}
}

// TestGiveWayToSenders writes decisions while senders wait who never stop, and who stop: each write gives way to them for as
// long as the one before took, 200 ms at most, and no longer than they are there.
func TestGiveWayToSenders(t *testing.T) {
	t.Parallel()
	const tick = 2 * time.Millisecond // how late it may see that nobody waits any more
	for name, c := range map[string]struct {
		stop  time.Duration // when the last sender has its answer
		takes []time.Duration
		want  []time.Duration // when each write begins
	}{
		"nobody waits": {takes: []time.Duration{time.Second, time.Second}, want: []time.Duration{0, time.Second}},
		"a burst":      {stop: 70 * time.Millisecond, takes: []time.Duration{0, 0}, want: []time.Duration{70 * time.Millisecond, 70 * time.Millisecond}},
		"without end": {
			stop:  time.Hour,
			takes: []time.Duration{30 * time.Millisecond, time.Second, 0},
			want:  []time.Duration{200 * time.Millisecond, 260 * time.Millisecond, 1460 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, err := store.Open(t.Context(), "sqlite::memory:")
				if err != nil {
					t.Fatal(err)
				}
				d := newDispatcher(s, nil, nil, nil, 1, zap.NewNop())
				began := time.Now()
				d.accepting = func() bool { return time.Since(began) < c.stop }
				var wrote []time.Duration
				next := func() {
					id, _, err := s.Accept(t.Context(), store.Delivery{Key: fmt.Sprint(len(wrote)), Body: []byte(`1`)})
					if err != nil {
						t.Error(err)
					}
					delivery := &store.Delivery{ID: id}
					_, span := noop.NewTracerProvider().Tracer("").Start(t.Context(), "")
					d.decisions <- &decision{delivery: delivery, failure: "no payload", span: span}
				}
				d.matched = func(string) {
					wrote = append(wrote, time.Since(began))
					time.Sleep(c.takes[len(wrote)-1])
					if len(wrote) == len(c.takes) {
						close(d.decisions)
					} else {
						next()
					}
				}
				next()
				d.writeDecisions(t.Context())
				for i, want := range c.want {
					if late := wrote[i] - want; late < 0 || late > tick {
						t.Errorf("write %d at %s, want %s", i, wrote[i], want)
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
