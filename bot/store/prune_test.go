package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// Old deliveries go with their runs; what is not over, and what must be known for ever, stays.
func testPrune(t *testing.T, db database) {
	s := db.open(t)
	var runs []*store.Run
	for range 5 {
		r := newRun(accept(t, s), "rule")
		inTx(t, s, func(tx *store.Tx) error {
			if ok, err := tx.TakeOnce("rule", r.ID, r.ID); err != nil || !ok {
				t.Errorf("once: %t, %v", ok, err)
			}
			return errors.Join(tx.InsertRun(r), tx.FinishMatch(r.DeliveryID, nil, map[string]string{"rule": "matched"}, ""))
		})
		runs = append(runs, r)
	}
	unmatched := accept(t, s)
	for _, i := range []int{0, 1, 3, 4} {
		finish(t, s, runs[i].ID, store.Succeeded)
	}
	first, err := s.Delivery(t.Context(), runs[0].DeliveryID)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := s.OldestOver(t.Context()); err != nil || !at.Equal(first.ReceivedAt) {
		t.Errorf("the oldest is of %s, %v; want %s", at, err, first.ReceivedAt)
	}
	for name, c := range map[string]struct {
		before time.Time
		keep   int
	}{"nothing asked": {}, "all are young": {before: time.Now().Add(-time.Hour)}, "few enough": {keep: 6}} {
		if n, err := s.Prune(t.Context(), c.before, c.keep); err != nil || n != 0 {
			t.Errorf("%s: %d removed, %v", name, n, err)
		}
	}
	if n, err := s.Prune(t.Context(), time.Time{}, 3); err != nil || n != 2 { // the third is not over
		t.Fatalf("%d removed, %v; want 2", n, err)
	}
	for i, r := range runs {
		_, err := s.Run(t.Context(), r.ID)
		if gone := errors.Is(err, store.ErrNotFound); gone != (i < 2) {
			t.Errorf("run %d: %v", i, err)
		}
	}
	if a, err := s.Attempts(t.Context(), runs[0].ID); err != nil || len(a) != 0 {
		t.Errorf("attempts of a removed run: %v, %v", a, err)
	}
	if n, err := s.Prune(t.Context(), time.Now().Add(time.Hour), 0); err != nil || n != 2 {
		t.Errorf("%d removed for their age, %v; want 2", n, err)
	}
	if at, err := s.OldestOver(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("with nothing left that is over: %s, %v", at, err)
	}
	for _, id := range []string{runs[2].DeliveryID, unmatched} {
		if _, err := s.Delivery(t.Context(), id); err != nil {
			t.Errorf("it was not over: %v", err)
		}
	}
	inTx(t, s, func(tx *store.Tx) error {
		if free, err := tx.TakeOnce("rule", runs[0].ID, newID()); err != nil || free {
			t.Errorf("a value that was used up is free again: %t, %v", free, err)
		}
		return nil
	})
}
