package store_test

import (
	"cmp"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

func testBreaker(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	all, own := store.BreakerLimit{Max: 2, Per: time.Hour}, store.BreakerLimit{Max: 1, Per: time.Minute, Own: true}
	// try asks for a run, which is made unless a breaker is open.
	try := func(when string, byOwn bool, limit store.BreakerLimit, wantOpen, wantNow bool) {
		t.Helper()
		r := newRun(accept(t, s), "x")
		r.OwnCaused = byOwn
		var b *store.Breaker
		var opened bool
		inTx(t, s, func(tx *store.Tx) (err error) {
			if b, opened, err = tx.Trip(r, limit); err != nil || b != nil {
				return err
			}
			return tx.InsertRun(r)
		})
		if (b != nil) != wantOpen || opened != wantNow {
			t.Errorf("%s: breaker %+v, opened now %t; want it open %t, now %t", when, b, opened, wantOpen, wantNow)
		}
	}
	open := func(when, rule string, want ...store.Breaker) {
		t.Helper()
		got, err := s.OpenBreakers(t.Context(), rule)
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", when, err, diff)
		}
	}
	try("the first", false, all, false, false)
	open("below the limit", "")
	clock.add(time.Minute)
	try("the second", true, all, false, false)
	try("too many", false, all, true, true)
	try("and again", false, all, true, false)
	whole := store.Breaker{
		Rule: "x", Repo: "acme/tiny", RepoID: "r1", Runs: 2, OpenedAt: clock.Now(), Until: clock.Now().Add(time.Hour),
	}
	open("of the rule", "x", whole)
	open("of another rule", "y")
	clock.add(time.Second)
	try("too many by own acts", true, own, true, true)
	narrow := store.Breaker{
		Rule: "x", Repo: "acme/tiny", RepoID: "r1", Own: true, Runs: 1, OpenedAt: clock.Now(), Until: clock.Now().Add(time.Minute),
	}
	open("both", "", narrow, whole)
	clock.add(59*time.Minute + 58*time.Second)
	open("the narrow one closed by itself", "", whole)
	try("the first run is out of the hour, but the breaker stays open", false, all, true, false)
	clock.add(2 * time.Second)
	open("its time has passed", "")
	try("after its time", false, all, false, false)
	try("after its time", false, all, false, false)
	try("too many once more", false, all, true, true)

	if err := s.ResetBreaker(t.Context(), "x", "acme/other"); !errors.Is(err, store.ErrState) {
		t.Errorf("reset on a repository where it is closed: %v", err)
	}
	for _, name := range []string{"acme/tiny", "r1"} {
		if err := s.ResetBreaker(t.Context(), "x", name); err != nil {
			t.Fatal(err)
		}
		open("reset by "+name, "")
		if err := s.ResetBreaker(t.Context(), "x", name); !errors.Is(err, store.ErrState) {
			t.Errorf("reset twice: %v", err)
		}
		clock.add(time.Second)
		try("after the reset", false, all, false, false)
		try("after the reset", false, all, false, false)
		try("too many after the reset", false, all, true, true)
	}
}

// A breaker decides as if it counted all runs each time: also when its limit changes, the clock is set back, and runs that it
// has seen do not count any more.
func testBreakerCounts(t *testing.T, db database) {
	hour, long := store.BreakerLimit{Max: 2, Per: time.Hour}, store.BreakerLimit{Max: 2, Per: 3 * time.Hour}
	for name, c := range map[string]struct {
		change   func(s *store.Store, clock *clock, runs []*store.Run)
		limit    store.BreakerLimit
		wantOpen bool
		third    time.Duration // when the third run comes; 0: half an hour after the first two left the hour
	}{
		"nothing changes":       {limit: hour},
		"the limit is longer":   {limit: long, wantOpen: true},
		"the limit is lower":    {limit: store.BreakerLimit{Max: 1, Per: time.Hour}, wantOpen: true},
		"the clock is set back": {change: func(_ *store.Store, c *clock, _ []*store.Run) { c.add(-time.Hour) }, limit: hour, wantOpen: true},
		"… by less than a minute": {
			change: func(_ *store.Store, c *clock, _ []*store.Run) { c.add(-45 * time.Second) },
			limit:  hour, wantOpen: true, third: time.Hour + 30*time.Second,
		},
		"a run is skipped": {
			change: func(s *store.Store, _ *clock, runs []*store.Run) {
				inTx(t, s, func(tx *store.Tx) error { return store.Skip(tx, runs[2].ID) })
			},
			limit: store.BreakerLimit{Max: 1, Per: time.Hour},
		},
	} {
		clock := newClock()
		s := db.open(t, store.WithClock(clock.Now))
		var runs []*store.Run
		for i, after := range []time.Duration{0, 0, cmp.Or(c.third, 90*time.Minute)} {
			clock.add(after)
			r := newRun(accept(t, s), "x")
			r.State = store.Waiting
			inTx(t, s, func(tx *store.Tx) error {
				if b, _, err := tx.Trip(r, hour); err != nil || b != nil {
					t.Fatalf("run %d: %+v, %v", i, b, err)
				}
				return tx.InsertRun(r)
			})
			runs = append(runs, r)
		}
		if c.change != nil {
			c.change(s, clock, runs)
		}
		last := newRun(accept(t, s), "x")
		var b *store.Breaker
		inTx(t, s, func(tx *store.Tx) (err error) {
			b, _, err = tx.Trip(last, c.limit)
			return err
		})
		if (b != nil) != c.wantOpen {
			t.Errorf("%s: breaker %+v, want it open %t", name, b, c.wantOpen)
		}
	}
}

// Of deliveries matched at the same time, no more make a run than the breaker lets through.
func testBreakerTogether(t *testing.T, db database) {
	s := db.open(t)
	var runs atomic.Int32
	var matching sync.WaitGroup
	for range 20 {
		r := newRun(accept(t, s), "x")
		matching.Go(func() {
			err := s.InTx(t.Context(), func(tx *store.Tx) error {
				if err := tx.Lock(store.Keys{Rule: "x", Breaker: r.RepoID}); err != nil {
					return err
				}
				b, _, err := tx.Trip(r, store.BreakerLimit{Max: 5, Per: time.Hour})
				if err != nil || b != nil {
					return err
				}
				return tx.InsertRun(r)
			})
			if err != nil {
				t.Error(err)
			}
			if _, err := s.Run(t.Context(), r.ID); err == nil {
				runs.Add(1)
			}
		})
	}
	matching.Wait()
	if runs.Load() != 5 {
		t.Errorf("%d runs, the breaker lets 5 through", runs.Load())
	}
}
