package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

func release(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	inTx(t, s, func(tx *store.Tx) (err error) {
		n, err = tx.ReleaseDue(100)
		return err
	})
	return n
}

func testDue(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	if due, err := s.NextDue(t.Context()); err != nil || !due.IsZero() {
		t.Errorf("with no run: %s, %v", due, err)
	}
	r := insert(t, s, "rule")
	lease, _ := claim(t, s, r.ID)
	at := clock.Now().Add(time.Minute)
	inTx(t, s, func(tx *store.Tx) error { return tx.WaitRetry(lease, at, "step a failed") })
	got := mustRun(t, s, r.ID)
	if got.State != store.Waiting || got.Reason != "step a failed" || !got.WaitUntil.Equal(at) {
		t.Errorf("waiting run: %+v", got)
	}
	if due, err := s.NextDue(t.Context()); err != nil || !due.Equal(at) {
		t.Errorf("next due %s, %v; want %s", due, err, at)
	}
	if n := release(t, s); n != 0 {
		t.Errorf("%d runs released early", n)
	}
	clock.add(time.Minute)
	if n := release(t, s); n != 1 || state(t, s, r.ID) != store.Queued {
		t.Errorf("%d runs released, the run is %s", n, state(t, s, r.ID))
	}
}

// join keeps a run of a concurrency group; it returns nil when the group refuses it.
func join(t *testing.T, s *store.Store, group, onConflict string) *store.Run {
	t.Helper()
	r := newRun(accept(t, s), "rule")
	joined := false
	inTx(t, s, func(tx *store.Tx) (err error) {
		if joined, err = tx.JoinGroup(r, group, onConflict); err != nil || !joined {
			return err
		}
		return tx.InsertRun(r)
	})
	if !joined {
		return nil
	}
	return r
}

// A thousand would be the same: one at a time, in the order in which they came, and other groups do not wait.
func testGroupQueue(t *testing.T, db database) {
	s := db.open(t)
	var runs []*store.Run
	for range 20 {
		runs = append(runs, join(t, s, "g", "queue"))
	}
	wantStates(t, s, []*store.Run{join(t, s, "other", "queue")}, store.Queued)
	for i, r := range runs {
		if got := state(t, s, r.ID); got != store.Queued {
			t.Fatalf("run %d is %s when its turn has come", i, got)
		}
		for _, later := range runs[i+1:] {
			if got := mustRun(t, s, later.ID); got.State != store.Waiting || !strings.Contains(got.Reason, r.ID+" in the concurrency group g") {
				t.Fatalf("a later run is %s (%s), and %s holds the group", got.State, got.Reason, r.ID)
			}
		}
		finish(t, s, r.ID, []store.RunState{store.Succeeded, store.RunFailed, store.Cancelled}[i%3])
	}
}

func testGroupConflicts(t *testing.T, db database) {
	const (
		queued, waiting, skipped = store.Queued, store.Waiting, store.Skipped
		cancelled, none          = store.Cancelled, store.RunState("none")
	)
	for _, c := range []struct {
		onConflict string
		running    bool             // the first one's worker has it
		want       []store.RunState // of three runs that came one after another
	}{
		{"queue", false, []store.RunState{queued, waiting, waiting}},
		{"replace_queued", false, []store.RunState{queued, skipped, waiting}},
		{"skip", false, []store.RunState{queued, none, none}},
		{"cancel_running", false, []store.RunState{cancelled, cancelled, queued}},
		{"cancel_running", true, []store.RunState{store.Running, skipped, waiting}},
	} {
		t.Run(fmt.Sprintf("%s running %t", c.onConflict, c.running), func(t *testing.T) {
			t.Parallel()
			s := db.open(t)
			first := join(t, s, "g", c.onConflict)
			var lease *store.Lease
			if c.running {
				lease, _ = claim(t, s, first.ID)
			}
			for i, r := range []*store.Run{first, join(t, s, "g", c.onConflict), join(t, s, "g", c.onConflict)} {
				got := none
				if r != nil {
					got = state(t, s, r.ID)
				}
				if got != c.want[i] {
					t.Errorf("run %d is %s, want %s", i, got, c.want[i])
				}
			}
			if !c.running {
				return
			}
			if why := mustRun(t, s, first.ID).CancelReason; !strings.Contains(why, "superseded") {
				t.Errorf("the running one was not asked to stop: %q", why)
			}
			inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, cancelled, "") })
			left, err := s.Runs(t.Context(), store.Filter{State: string(queued)})
			if err != nil || len(left) != 1 {
				t.Errorf("%d runs are queued after it stopped, %v; want the last one", len(left), err)
			}
		})
	}
}

// A run keeps its group while it waits for a retry, and queues for it again when a person retries it later.
func testGroupRetry(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	first, second := join(t, s, "g", "queue"), join(t, s, "g", "queue")
	lease, _ := claim(t, s, first.ID)
	inTx(t, s, func(tx *store.Tx) error { return tx.WaitRetry(lease, clock.Now(), "retry") })
	wantStates(t, s, []*store.Run{first, second}, store.Waiting, store.Waiting)
	release(t, s)
	wantStates(t, s, []*store.Run{first, second}, store.Queued, store.Waiting)
	finish(t, s, first.ID, store.RunFailed)
	wantStates(t, s, []*store.Run{first, second}, store.RunFailed, store.Queued)
	if err := retry(t, s, first.ID); err != nil {
		t.Fatal(err)
	}
	wantStates(t, s, []*store.Run{first, second}, store.Waiting, store.Queued)
	finish(t, s, second.ID, store.Succeeded)
	wantStates(t, s, []*store.Run{first, second}, store.Queued, store.Succeeded)
}

// debounced keeps a debounced run, and in a group when one is named.
func debounced(t *testing.T, s *store.Store, group, onConflict string) *store.Run {
	t.Helper()
	r := newRun(accept(t, s), "rule")
	inTx(t, s, func(tx *store.Tx) error {
		if err := tx.Debounce(r, "key", time.Minute, 150*time.Second); err != nil {
			return err
		}
		if free, err := tx.TakeOnce("rule", "value", r.ID); err != nil || !free {
			return errors.Join(err, fmt.Errorf("the earlier run's once_per value is free: %t", free))
		}
		if group != "" {
			if joined, err := tx.JoinGroup(r, group, onConflict); err != nil || !joined {
				return errors.Join(err, fmt.Errorf("joined: %t", joined))
			}
		}
		return tx.InsertRun(r)
	})
	return r
}

// Events come every 50 s, so the minute of quiet never comes; after 150 s the last one goes.
func testDebounce(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	began := clock.Now()
	var runs []*store.Run
	for range 4 {
		runs = append(runs, debounced(t, s, "", ""))
		release(t, s)
		clock.add(50 * time.Second)
	}
	// The fourth came at 150 s, when the burst had lasted as long as it may.
	wantStates(t, s, runs, store.Skipped, store.Skipped, store.Skipped, store.Queued)
	if r := mustRun(t, s, runs[0].ID); !strings.Contains(r.Reason, "debounced") || r.Steps[0].State != store.Skipped {
		t.Errorf("the first run: %s, step %s", r.Reason, r.Steps[0].State)
	}
	finish(t, s, runs[3].ID, store.RunFailed)
	next := debounced(t, s, "", "") // a new burst
	if due := mustRun(t, s, next.ID).WaitUntil; !due.Equal(began.Add(200*time.Second + time.Minute)) {
		t.Errorf("the next burst is due after %s", due.Sub(began))
	}
	clock.add(time.Minute)
	release(t, s)
	wantStates(t, s, []*store.Run{next}, store.Queued)
}

// A debounced run joins its group when it is due, not before.
func testDebounceThenGroup(t *testing.T, db database) {
	for onConflict, want := range map[string]store.RunState{
		"queue": store.Waiting, "skip": store.Skipped, "cancel_running": store.Waiting, "replace_queued": store.Waiting,
	} {
		clock := newClock()
		s := db.open(t, store.WithClock(clock.Now))
		holder := join(t, s, "g", "queue")
		lease, _ := claim(t, s, holder.ID)
		r := debounced(t, s, "g", onConflict)
		if got := mustRun(t, s, holder.ID).CancelReason; got != "" {
			t.Errorf("%s: the holder is cancelled before the wait is over: %s", onConflict, got)
		}
		clock.add(time.Minute)
		release(t, s)
		if got := mustRun(t, s, r.ID); got.State != want || !got.WaitUntil.IsZero() {
			t.Errorf("%s: the run is %s until %s, want %s", onConflict, got.State, got.WaitUntil, want)
		}
		inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, store.Cancelled, "") })
		if want == store.Waiting && state(t, s, r.ID) != store.Queued {
			t.Errorf("%s: the run is %s when its turn has come", onConflict, state(t, s, r.ID))
		}
	}
}

func testLimits(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	keep := func(rule, rate string) {
		r := newRun(accept(t, s), rule)
		r.RateKey = rate
		inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
	}
	keep("rule", "alice")
	clock.add(time.Minute)
	since := clock.Now().Add(-time.Second)
	keep("rule", "alice")
	keep("rule", "bob")
	keep("other", "alice")
	counts := func() (rate, repo int) {
		inTx(t, s, func(tx *store.Tx) (err error) {
			if rate, err = tx.CountRuns("rule", "alice", since); err != nil {
				return err
			}
			repo, err = tx.CountRepoRuns("rule", "r1", since)
			return err
		})
		return rate, repo
	}
	if rate, repo := counts(); rate != 1 || repo != 2 {
		t.Errorf("counted %d for the rate, %d for the repo; want 1, 2", rate, repo)
	}
}

func testOptOut(t *testing.T, db database) {
	s := db.open(t)
	check := func(when string, want map[[2]string]bool) {
		t.Helper()
		inTx(t, s, func(tx *store.Tx) error {
			for where, out := range want {
				if got, err := tx.OptedOut(where[0], where[1]); err != nil || got != out {
					t.Errorf("%s: %v opted out %t, %v; want %t", when, where, got, err, out)
				}
			}
			return nil
		})
	}
	do := func(f func(tx *store.Tx) error) { inTx(t, s, f) }
	do(func(tx *store.Tx) error { return tx.OptOut("x", "r1", "alice") })
	do(func(tx *store.Tx) error { return tx.OptOut("x", "r1", "alice") })
	check("one rule", map[[2]string]bool{{"x", "r1"}: true, {"y", "r1"}: false, {"x", "r2"}: false})
	do(func(tx *store.Tx) error { return tx.OptOut("", "r1", "alice") })
	check("all rules", map[[2]string]bool{{"x", "r1"}: true, {"y", "r1"}: true, {"x", "r2"}: false})
	do(func(tx *store.Tx) error { return tx.OptIn("", "r1") })
	check("in again", map[[2]string]bool{{"x", "r1"}: false, {"y", "r1"}: false})
	for where, started := range map[[2]string]bool{{"x", "r1"}: true, {"y", "r1"}: true, {"x", "r2"}: false} {
		var at time.Time
		do(func(tx *store.Tx) error { return tx.StartedAgain(where[0], where[1], &at) })
		if at.IsZero() == started {
			t.Errorf("%v started again at %v; want %t", where, at, started)
		}
	}
}
