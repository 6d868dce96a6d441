package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

func testClaim(t *testing.T, db database) {
	s := db.open(t)
	r := insert(t, s, "rule")
	lease, claimed := claim(t, s, r.ID)
	if claimed.State != store.Running || len(claimed.Steps) != 2 || claimed.StartedAt.IsZero() {
		t.Errorf("claimed: %+v", claimed)
	}
	inTx(t, s, func(tx *store.Tx) error {
		second, _, err := store.Claim(tx, r.ID, "other", time.Now())
		if second != nil {
			t.Error("a running run was claimed")
		}
		return err
	})
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, store.Succeeded, "") })
	for _, run := range []string{r.ID, "no such run"} {
		inTx(t, s, func(tx *store.Tx) error {
			second, _, err := store.Claim(tx, run, "other", time.Now())
			if second != nil {
				t.Errorf("run %s was claimed", run)
			}
			return err
		})
	}
}

// A worker that slept through its lease can write nothing any more, whatever it tries.
func testFencing(t *testing.T, db database) {
	s := db.open(t)
	r := insert(t, s, "rule")
	asleep, _ := claim(t, s, r.ID)
	inTx(t, s, func(tx *store.Tx) error {
		_, err := tx.TakeOrphans(0, 10)
		return err
	})
	awake, _ := claim(t, s, r.ID) // by a worker of the same name
	for name, write := range map[string]func(tx *store.Tx) error{
		"renew":     func(tx *store.Tx) error { _, err := tx.Renew(asleep, time.Now()); return err },
		"start":     func(tx *store.Tx) error { _, err := tx.StartStep(asleep, 0, nil); return err },
		"end":       func(tx *store.Tx) error { return tx.EndStep(asleep, 0, store.StepResult{State: store.Succeeded}) },
		"wait":      func(tx *store.Tx) error { return tx.WaitRetry(asleep, time.Now(), "") },
		"hand over": func(tx *store.Tx) error { return tx.HandOver(asleep) },
		"finish":    func(tx *store.Tx) error { return tx.FinishRun(asleep, store.Succeeded, "") },
	} {
		if err := s.InTx(t.Context(), write); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("%s with a lost lease: %v", name, err)
		}
	}
	inTx(t, s, func(tx *store.Tx) error {
		_, err := tx.Renew(awake, time.Now())
		return err
	})
}

func testOrphans(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	queue := &tickets{}
	s.UseTickets(queue)
	r := insert(t, s, "rule")
	var lease *store.Lease
	inTx(t, s, func(tx *store.Tx) (err error) {
		if lease, _, err = store.Claim(tx, r.ID, "worker", clock.Now().Add(20*time.Second)); err != nil {
			return err
		}
		_, err = tx.StartStep(lease, 0, nil)
		return err
	})
	sweep := func(longest time.Duration) (n int) {
		inTx(t, s, func(tx *store.Tx) (err error) {
			n, err = tx.TakeOrphans(longest, 10)
			return err
		})
		return n
	}
	clock.add(19 * time.Second)
	if n := sweep(20 * time.Second); n != 0 {
		t.Errorf("%d orphans before the lease ended", n)
	}
	clock.add(2 * time.Second)
	if n := sweep(20 * time.Second); n != 1 || state(t, s, r.ID) != store.Queued || len(queue.enqueued) != 2 {
		t.Errorf("%d orphans, run %s, tickets %v", n, state(t, s, r.ID), queue.enqueued)
	}
	attempts, err := s.Attempts(t.Context(), r.ID)
	if err != nil || len(attempts) != 1 || attempts[0].State != "interrupted" {
		t.Errorf("attempts %+v, %v", attempts, err)
	}
	_, again := claim(t, s, r.ID)
	if step := again.Steps[0]; step.Failures != 0 || step.State != store.Queued || step.Attempt != 1 {
		t.Errorf("the step that was cut off: %+v", step)
	}
	if n := sweep(0); n != 1 {
		t.Errorf("%d orphans of a process that is gone, want 1", n)
	}
}

func testTicketAgain(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	queue := &tickets{}
	s.UseTickets(queue)
	lost := insert(t, s, "rule")
	finish(t, s, insert(t, s, "rule").ID, store.Succeeded)
	clock.add(time.Minute)
	insert(t, s, "rule")
	queue.enqueued = nil
	for range 2 { // the second finds nothing: a ticket was just issued
		inTx(t, s, func(tx *store.Tx) error {
			_, err := tx.TicketAgain(clock.Now().Add(-time.Second), 10)
			return err
		})
	}
	if want := []string{lost.ID}; !slices.Equal(queue.enqueued, want) {
		t.Errorf("tickets %v, want %v", queue.enqueued, want)
	}
}

func testSteps(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	r := insert(t, s, "rule")
	lease, _ := claim(t, s, r.ID)
	at := clock.Now()
	attempt := func(with map[string]any, end store.StepResult) {
		for range 2 { // as when the answer to the first is lost
			inTx(t, s, func(tx *store.Tx) error {
				_, err := tx.StartStep(lease, 0, with)
				return err
			})
		}
		clock.add(time.Second)
		inTx(t, s, func(tx *store.Tx) error { return tx.EndStep(lease, 0, end) })
	}
	attempt(map[string]any{"n": 1}, store.StepResult{State: store.Waiting, Error: "busy"})
	attempt(map[string]any{"n": 2}, store.StepResult{State: store.Succeeded, Outputs: map[string]any{"x": []any{1, 2.0}}})
	inTx(t, s, func(tx *store.Tx) error { return tx.EndStep(lease, 1, store.StepResult{State: store.Skipped}) })
	want := []store.Step{
		{
			Index: 0, ID: "a", Uses: "test.a", State: store.Succeeded, Attempt: 2, Failures: 1,
			With: map[string]any{"n": int64(2)}, Outputs: map[string]any{"x": []any{int64(1), 2.0}},
			StartedAt: at, FinishedAt: at.Add(2 * time.Second),
		},
		{Index: 1, ID: "b", Uses: "test.b", State: store.Skipped, FinishedAt: at.Add(2 * time.Second)},
	}
	if diff := cmp.Diff(want, mustRun(t, s, r.ID).Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	attempts, err := s.Attempts(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantAttempts := []store.Attempt{
		{Number: 1, State: "failed", Error: "busy", StartedAt: at, FinishedAt: at.Add(time.Second)},
		{Number: 2, State: "succeeded", StartedAt: at.Add(time.Second), FinishedAt: at.Add(2 * time.Second)},
	}
	if diff := cmp.Diff(wantAttempts, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}
