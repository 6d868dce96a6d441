package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hfbot/hfbot/bot/store"
)

// Runs claimed at once come in the order in which they were asked for, each with what is its own; those that are not queued
// are left out.
func testClaimTogether(t *testing.T, db database) {
	s := db.open(t)
	delivery := accept(t, s)
	first, second, gone := newRun(delivery, "first"), newRun(delivery, "second"), newRun("no such", "gone")
	gone.Plan.Steps = nil
	first.Plan.Steps = []store.StepPlan{{ID: "a", Uses: "x"}, {ID: "b", Uses: "y"}}
	second.Plan.Steps = []store.StepPlan{{ID: "c", Uses: "z"}}
	running := insert(t, s, "rule")
	claim(t, s, running.ID)
	asked := []string{second.ID, running.ID, gone.ID, "no such", first.ID}
	var claimed []store.Claimed
	inTx(t, s, func(tx *store.Tx) (err error) {
		for _, r := range []*store.Run{first, second, gone} { // runs of the very transaction
			if err := tx.InsertRun(r); err != nil {
				return err
			}
		}
		claimed, err = tx.Claim(asked, "worker", time.Now().Add(time.Minute))
		return err
	})
	if len(claimed) != 3 {
		t.Fatalf("%d runs claimed, want 3", len(claimed))
	}
	for i, want := range []struct {
		run   *store.Run
		steps []string
		gone  bool
	}{{run: second, steps: []string{"c"}}, {run: gone, gone: true}, {run: first, steps: []string{"a", "b"}}} {
		c := claimed[i]
		var steps []string
		for _, step := range c.Run.Steps {
			steps = append(steps, step.ID)
		}
		if c.Run.ID != want.run.ID || c.Run.State != store.Running || c.Lease.Run != c.Run.ID || c.Lease.Token != 1 {
			t.Errorf("%d: run %s is %s, lease %+v; want %s", i, c.Run.ID, c.Run.State, c.Lease, want.run.ID)
		}
		if !slices.Equal(steps, want.steps) {
			t.Errorf("%d: steps %v, want %v", i, steps, want.steps)
		}
		if (c.Delivery == nil) != want.gone || c.Delivery != nil && (c.Delivery.ID != delivery || len(c.Delivery.Body) == 0) {
			t.Errorf("%d: delivery %+v, gone: %v", i, c.Delivery, want.gone)
		}
	}
	inTx(t, s, func(tx *store.Tx) error {
		again, err := tx.Claim(asked, "another", time.Now().Add(time.Minute))
		if len(again) != 0 {
			t.Errorf("claimed again: %+v", again)
		}
		return err
	})
}

// Whoever asks hears once of each transaction how it ended: after the commit and what changed by it, or when it is gone.
func testOnEnd(t *testing.T, db database) {
	s := db.open(t)
	var told []string
	s.OnChange(func(c store.Change) { told = append(told, string(c.State)) })
	errOwn := errors.New("its own mistake")
	for name, c := range map[string]struct {
		fails func(try int) error
		want  []string
	}{
		"written": {func(int) error { return nil }, []string{"queued", "committed"}},
		"fails":   {func(int) error { return errOwn }, []string{"rolled back"}},
		"panics":  {func(int) error { panic("at the disco") }, []string{"rolled back"}},
		"ended for another one's sake": {func(try int) error {
			if try == 1 && !s.Exclusive() { // what comes of it on SQLite, TestInTxTogether tries
				return &pgconn.PgError{Code: "40001"}
			}
			return nil
		}, []string{"rolled back", "queued", "committed"}},
	} {
		told = nil
		tries := 0
		func() {
			defer func() { _ = recover() }()
			_ = s.InTx(t.Context(), func(tx *store.Tx) error {
				tries++
				tx.OnEnd(func(committed bool) {
					if committed {
						told = append(told, "committed")
					} else {
						told = append(told, "rolled back")
					}
				})
				return errors.Join(tx.InsertRun(newRun("d", name)), c.fails(tries))
			})
		}()
		if s.Exclusive() && len(c.want) == 3 {
			c.want = c.want[1:]
		}
		if !slices.Equal(told, c.want) {
			t.Errorf("%s: told %v, want %v", name, told, c.want)
		}
	}
}
