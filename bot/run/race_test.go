package run_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
)

func testRaceCancelRunning(t *testing.T, database database) { testRace(t, database, "cancel_running") }

func testRaceReplaceQueued(t *testing.T, database database) { testRace(t, database, "replace_queued") }

// testRace has deliveries of one concurrency group arrive from many sides while their runs are worked, on PostgreSQL by
// several instances. At most one runs at a time, the latest one is done, and each other one has a final state with its
// reason, or was not begun.
func testRace(t *testing.T, database database, onConflict string) {
	const senders, each = 8, 8
	var active, most atomic.Int64
	work := func(ctx context.Context, _ *actions.Runtime, _ in) (out, error) {
		defer active.Add(-1)
		if n := active.Add(1); n > most.Load() {
			most.Store(n)
		}
		select { // work that takes a moment, so that there is something to cancel
		case <-time.After(20 * time.Millisecond):
			return out{}, nil
		case <-ctx.Done():
			return out{}, ctx.Err()
		}
	}
	path := database(t)
	bots := []*bot{newBot(t, path, map[string]do{"test.work": work})}
	if !bots[0].store.Exclusive() {
		for range 2 {
			bots = append(bots, newBot(t, path, map[string]do{"test.work": work}))
		}
	}
	arrivals := &arrivals{group: "one", onConflict: onConflict, out: map[string]bool{}}
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for range each {
				if err := arrivals.add(t.Context(), bots[i%len(bots)].store); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	arrivals.verify(t, bots[0])
	if most.Load() != 1 {
		t.Errorf("%d runs of the group at the same time", most.Load())
	}
}

// arrivals are deliveries, each with a run of one concurrency group.
type arrivals struct {
	group, onConflict string

	mu   sync.Mutex
	runs []string
	out  map[string]bool // deliveries that were told that another run goes before
	last string          // the latest delivery
}

func (a *arrivals) add(ctx context.Context, s *store.Store) error {
	delivery, err := accept(ctx, s)
	if err != nil {
		return err
	}
	r := &store.Run{
		ID: uuid.Must(uuid.NewV7()).String(), DeliveryID: delivery, Rule: "rule", Repo: "acme/tiny", RepoType: "model", RepoID: "r1",
		Plan: store.Plan{Key: delivery, Steps: []store.StepPlan{{ID: "a", Uses: "test.work"}}},
	}
	joined := false
	err = s.InTx(ctx, func(tx *store.Tx) (err error) {
		if err := tx.Lock(store.Keys{Rule: "rule", Group: a.group}); err != nil {
			return err
		}
		r.State = store.Queued
		if joined, err = tx.JoinGroup(r, a.group, a.onConflict); err != nil || !joined {
			return err
		}
		return tx.InsertRun(r)
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = max(a.last, delivery)
	if joined {
		a.runs = append(a.runs, r.ID)
	} else {
		a.out[delivery] = true
	}
	return err
}

// verify waits until all runs are over, and looks how they ended.
func (a *arrivals) verify(t *testing.T, b *bot) {
	t.Helper()
	won := false
	for _, id := range a.runs {
		r := b.awaitEnd(id)
		last := r.DeliveryID == a.last
		switch {
		case r.State == store.Succeeded:
			won = won || last
		case last:
			t.Errorf("the run of the latest delivery is %s (%s)", r.State, r.Reason)
		case r.State != store.Skipped && r.State != store.Cancelled, r.Reason+r.CancelReason == "":
			t.Errorf("run %s is %s, reason %q, cancelled because %q", id, r.State, r.Reason, r.CancelReason)
		}
	}
	if !won || a.out[a.last] {
		t.Error("the latest delivery did not win")
	}
}

// awaitEnd waits until a run is over.
func (b *bot) awaitEnd(id string) *store.Run {
	b.t.Helper()
	late := time.After(time.Minute)
	for tick := time.Tick(10 * time.Millisecond); ; { // another instance may do it, of which this one hears nothing
		r, err := b.store.Run(context.Background(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if r.State.Final() {
			return r
		}
		select {
		case <-tick:
		case <-late:
			b.t.Fatalf("run %s is still %s (%s)", id, r.State, r.Reason)
		}
	}
}
