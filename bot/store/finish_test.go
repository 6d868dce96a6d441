package store_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/hfbot/hfbot/bot/store"
)

func testFinish(t *testing.T, db database) {
	s := db.open(t)
	r := insert(t, s, "rule")
	lease, _ := claim(t, s, r.ID)
	for _, to := range []store.RunState{store.Skipped, store.Running} {
		err := s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishRun(lease, to, "") })
		if !errors.Is(err, store.ErrState) {
			t.Errorf("running to %s: %v, want ErrState", to, err)
		}
	}
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, store.RunFailed, "step a: no") })
	got := mustRun(t, s, r.ID)
	if got.State != store.RunFailed || got.Error != "step a: no" || got.FinishedAt.IsZero() {
		t.Errorf("failed run: %+v", got)
	}
	for _, step := range got.Steps {
		if step.State != store.Cancelled {
			t.Errorf("step %s is left %s", step.ID, step.State)
		}
	}
}

func testCancel(t *testing.T, db database) {
	s := db.open(t)
	queued, running := insert(t, s, "rule"), insert(t, s, "rule")
	lease, _ := claim(t, s, running.ID)
	var told []store.Change
	s.OnChange(func(c store.Change) { told = append(told, c) })
	inTx(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.Cancel(queued.ID, "by hand"), tx.Cancel(running.ID, "by hand"))
	})
	wantTold := []store.Change{
		{Run: queued.ID, State: store.Cancelled}, {Run: running.ID, State: store.Running, Cancel: true},
	}
	if !slices.Equal(told, wantTold) {
		t.Errorf("told %v, want %v", told, wantTold)
	}
	if r := mustRun(t, s, queued.ID); r.State != store.Cancelled || r.Reason != "by hand" {
		t.Errorf("queued run: %s (%s)", r.State, r.Reason)
	}
	if r := mustRun(t, s, running.ID); r.State != store.Running || r.Reason != "cancelling: by hand" {
		t.Errorf("running run: %s (%s)", r.State, r.Reason)
	}
	inTx(t, s, func(tx *store.Tx) error {
		why, err := tx.Renew(lease, newClock().Now())
		if why != "by hand" {
			t.Errorf("the heartbeat hears %q", why)
		}
		return err
	})
	err := s.InTx(t.Context(), func(tx *store.Tx) error { return tx.Cancel(queued.ID, "again") })
	over := "run " + queued.ID + " is cancelled already; only runs that are queued, waiting or running can be cancelled"
	if !errors.Is(err, store.ErrState) || err.Error() != over {
		t.Errorf("cancel of a run that is over: %v, want ErrState: %s", err, over)
	}
	err = s.InTx(t.Context(), func(tx *store.Tx) error { return tx.Cancel("no such", "") })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("cancel of an unknown run: %v, want ErrNotFound", err)
	}
}

func retry(t *testing.T, s *store.Store, run string) error {
	t.Helper()
	return s.InTx(t.Context(), func(tx *store.Tx) error { return tx.RetryRun(run) })
}

func testRetryRun(t *testing.T, db database) {
	s := db.open(t)
	r := newRun(accept(t, s), "rule")
	r.Plan.Steps = []store.StepPlan{
		{ID: "weak", Uses: "x", ContinueOnError: true},
		{ID: "good", Uses: "x"},
		{ID: "bad", Uses: "x"},
		{ID: "tell", Uses: "x"},
	}
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
	lease, _ := claim(t, s, r.ID)
	for i, end := range []store.RunState{store.RunFailed, store.Succeeded, store.RunFailed, store.Succeeded} {
		inTx(t, s, func(tx *store.Tx) error {
			_, err := tx.StartStep(lease, i, nil)
			return errors.Join(err, tx.EndStep(lease, i, store.StepResult{State: end}))
		})
	}
	if err := retry(t, s, r.ID); !errors.Is(err, store.ErrState) {
		t.Errorf("retry of a running run: %v, want ErrState", err)
	}
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, store.RunFailed, "no") })
	if err := retry(t, s, r.ID); err != nil {
		t.Fatal(err)
	}
	got := mustRun(t, s, r.ID)
	if got.State != store.Queued || got.Attempt != 2 || got.Error != "" || !got.FinishedAt.IsZero() {
		t.Errorf("retried run: %+v", got)
	}
	for i, want := range []store.RunState{store.RunFailed, store.Succeeded, store.Queued, store.Queued} {
		if got.Steps[i].State != want {
			t.Errorf("step %s is %s, want %s", got.Steps[i].ID, got.Steps[i].State, want)
		}
	}
	if got.Steps[2].Failures != 0 || got.Steps[2].Attempt != 1 {
		t.Errorf("the failed step: %+v", got.Steps[2])
	}
}

// A run gets its once_per value back for a retry, unless another one has it by then.
func testRetryRunOnce(t *testing.T, db database) {
	s := db.open(t)
	start := func(run *store.Run) {
		inTx(t, s, func(tx *store.Tx) error {
			ok, err := tx.TakeOnce(run.Rule, "value", run.ID)
			if !ok {
				t.Error("the value was refused")
			}
			return errors.Join(err, tx.InsertRun(run))
		})
	}
	first, second := newRun(accept(t, s), "rule"), newRun(accept(t, s), "rule")
	start(first)
	finish(t, s, first.ID, store.RunFailed)
	if err := retry(t, s, first.ID); err != nil {
		t.Fatal(err)
	}
	finish(t, s, first.ID, store.RunFailed)
	start(second)
	if err := retry(t, s, first.ID); !errors.Is(err, store.ErrState) {
		t.Errorf("retry while another run has the value: %v, want ErrState", err)
	}
	if got := state(t, s, first.ID); got != store.RunFailed {
		t.Errorf("the first run is %s", got)
	}
}

func testReopen(t *testing.T, db database) {
	s := db.open(t)
	for name, c := range map[string]struct {
		verdicts map[string]string
		failure  string
		match    bool
	}{
		"all decided":    {map[string]string{"good": "matched", "bad": "matched", "x": "skipped"}, "", false},
		"one error":      {map[string]string{"good": "matched", "x": "error"}, "", true},
		"not understood": {nil, "not a payload", true},
	} {
		t.Run(name, func(t *testing.T) {
			delivery := accept(t, s)
			var runs []*store.Run
			for _, rule := range []string{"good", "bad", "stopped", "active"} {
				runs = append(runs, newRun(delivery, rule))
			}
			inTx(t, s, func(tx *store.Tx) error {
				for _, r := range runs {
					if err := tx.InsertRun(r); err != nil {
						return err
					}
				}
				return tx.FinishMatch(delivery, nil, c.verdicts, c.failure)
			})
			for i, end := range []store.RunState{store.Succeeded, store.RunFailed, store.Cancelled} {
				finish(t, s, runs[i].ID, end)
			}
			match, err := s.Reopen(t.Context(), delivery)
			if err != nil || match != c.match {
				t.Errorf("reopen: match %t, %v; want %t", match, err, c.match)
			}
			wantStates(t, s, runs, store.Succeeded, store.Queued, store.Queued, store.Queued)
			for i, want := range []int{1, 2, 2, 1} {
				if got := mustRun(t, s, runs[i].ID).Attempt; got != want {
					t.Errorf("run %d has attempt %d, want %d", i, got, want)
				}
			}
			d, err := s.Delivery(t.Context(), delivery)
			if err != nil || (d.State == store.Received) != c.match {
				t.Errorf("delivery is %s, %v", d.State, err)
			}
		})
	}
}

func testReplay(t *testing.T, db database) {
	for _, again := range []bool{false, true} {
		s := db.open(t)
		r := newRun(accept(t, s), "rule")
		inTx(t, s, func(tx *store.Tx) error {
			_, err := tx.TakeOnce("rule", "value", r.ID)
			return errors.Join(err, tx.InsertRun(r), tx.FinishMatch(r.DeliveryID, nil, map[string]string{"rule": "matched"}, ""))
		})
		finish(t, s, r.ID, store.Succeeded)
		id, err := s.Replay(t.Context(), r.DeliveryID, again)
		if err != nil {
			t.Fatal(err)
		}
		original, err := s.Delivery(t.Context(), r.DeliveryID)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Delivery(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Source != store.SourceReplay || d.ReplayOf != original.ID || d.State != store.Received || d.Verdicts != nil ||
			d.Key != original.Key || !bytes.Equal(d.Body, original.Body) || (d.KeySalt != "") != again {
			t.Errorf("again %t: %+v", again, d)
		}
		inTx(t, s, func(tx *store.Tx) error {
			free, err := tx.TakeOnce("rule", "value", newID())
			if free != again {
				t.Errorf("again %t: the once_per value is free: %t", again, free)
			}
			return err
		})
		if _, err := s.Replay(t.Context(), "no such", again); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("replay of an unknown delivery: %v", err)
		}
	}
}
