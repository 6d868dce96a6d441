package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		inTx(t, s, func(tx *store.Tx) error {
			b, opened, err := tx.Trip(r, limit)
			if err != nil {
				return err
			}
			if (b != nil) != wantOpen || opened != wantNow {
				t.Errorf("%s: breaker %+v, opened now %t; want it open %t, now %t", when, b, opened, wantOpen, wantNow)
			}
			if b == nil {
				return tx.InsertRun(r)
			}
			return nil
		})
	}
	open := func(when, rule string, want ...store.Breaker) {
		t.Helper()
		got, err := s.OpenBreakers(t.Context(), rule)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
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
