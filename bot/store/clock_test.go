package store_test

import (
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// hours is how far the clock is set in these tests.
const hours = 5 * time.Hour

// What was written while the clock was ahead must not wait, count or block for as long as it was.
func testClockSetBack(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	queue := &tickets{}
	s.UseTickets(queue)
	unmatched := accept(t, s)
	retrying, debounced, waiting := insert(t, s, "retrying"), newRun(accept(t, s), "debounced"), newRun(accept(t, s), "waiting")
	inTx(t, s, func(tx *store.Tx) error {
		lease, _, err := store.Claim(tx, retrying.ID, "worker", clock.Now().Add(20*time.Second))
		if err != nil {
			return err
		}
		if err := tx.WaitRetry(lease, clock.Now().Add(10*time.Minute), "it failed"); err != nil {
			return err
		}
		if err := tx.Debounce(debounced, "key", 10*time.Minute, 0); err != nil {
			return err
		}
		return tx.InsertRun(debounced)
	})
	orphan, queued := insert(t, s, "orphan"), insert(t, s, "queued")
	inTx(t, s, func(tx *store.Tx) error {
		if _, _, err := store.Claim(tx, orphan.ID, "worker that is gone", clock.Now().Add(20*time.Second)); err != nil {
			return err
		}
		waiting.RateKey = "r"
		return tx.InsertRun(waiting)
	})
	body := store.Delivery{Key: "body:x", Body: []byte(`{}`)}
	if _, duplicate, err := s.Accept(t.Context(), body); err != nil || duplicate {
		t.Fatalf("accept: duplicate %t, %v", duplicate, err)
	}

	clock.add(-hours)
	count := func(f func(tx *store.Tx) (int, error)) (n int) {
		inTx(t, s, func(tx *store.Tx) (err error) {
			n, err = f(tx)
			return err
		})
		return n
	}
	if n := count(func(tx *store.Tx) (int, error) { return tx.ReleaseDue(10) }); n != 0 {
		t.Errorf("%d runs are due by their time", n)
	}
	if n := count(func(tx *store.Tx) (int, error) { return tx.ReleaseAhead(10) }); n != 2 {
		t.Errorf("%d waits ended, want those for a retry and for quiet", n)
	}
	wantStates(t, s, []*store.Run{retrying, debounced}, store.Queued, store.Queued)
	if n := count(func(tx *store.Tx) (int, error) { return tx.TakeOrphans(20*time.Second, 10) }); n != 1 || state(t, s, orphan.ID) != store.Queued {
		t.Errorf("%d orphans; the one of before is %s", n, state(t, s, orphan.ID))
	}
	before := len(queue.enqueued)
	if count(func(tx *store.Tx) (int, error) { return tx.TicketAgain(clock.Now().Add(-40*time.Second), 10) }); len(queue.enqueued) <= before {
		t.Errorf("run %s, queued at a time to come, got no other ticket", queued.ID)
	}
	if n := count(func(tx *store.Tx) (int, error) { return tx.CountRuns("waiting", "r", clock.Now().Add(-time.Minute)) }); n != 0 {
		t.Errorf("%d runs of times to come count for a rate limit", n)
	}
	if n := count(func(tx *store.Tx) (int, error) {
		return tx.CountRepoRuns("waiting", "r1", clock.Now().Add(-time.Minute))
	}); n != 0 {
		t.Errorf("%d runs of times to come count for a breaker", n)
	}
	left, err := s.Unmatched(t.Context(), clock.Now().Add(-20*time.Second), "", 10)
	if err != nil || len(left) == 0 || left[0].ID != unmatched {
		t.Errorf("unmatched: %+v, %v", left, err)
	}
	if _, duplicate, err := s.Accept(t.Context(), body); err != nil || duplicate {
		t.Errorf("an equal body long after: duplicate %t, %v", duplicate, err)
	}
	if _, duplicate, err := s.Accept(t.Context(), body); err != nil || !duplicate {
		t.Errorf("an equal body soon after: duplicate %t, %v", duplicate, err)
	}
}

// The store notices that its clock was set, and that it goes on as ever.
func testClockWasSet(t *testing.T, db database) {
	var off time.Duration
	s := db.open(t, store.WithClock(func() time.Time { return time.Now().Add(off) }))
	set := func() bool {
		t.Helper()
		by, err := s.SetClock(t.Context())
		if err != nil || (by != 0) != (off != 0) || (by-off).Abs() > time.Minute {
			t.Fatalf("the clock was set by %s, %v; want %s", by, err, off)
		}
		return s.ClockWasSet(time.Hour)
	}
	if set() {
		t.Error("the clock was set when the store was opened")
	}
	if set() {
		t.Error("the clock was set though it went on as ever")
	}
	off = -hours
	if !set() {
		t.Error("the clock was set back by hours, unnoticed")
	}
	if s.ClockWasSet(0) {
		t.Error("the clock was set within no time")
	}
}
