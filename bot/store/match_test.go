package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// tickets counts what it is asked for.
type tickets struct{ enqueued []string }

func (q *tickets) Enqueue(_ context.Context, _ *store.Tx, runs ...string) error {
	q.enqueued = append(q.enqueued, runs...)
	return nil
}

func testFinishMatch(t *testing.T, db database) {
	s := db.open(t)
	matched, failed := accept(t, s), accept(t, s)
	explanation := json.RawMessage(`{"rules":[{"id":"a"}]}`)
	verdicts := map[string]string{"a": "matched", "b": "not_matched"}
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishMatch(matched, explanation, verdicts, "") })
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishMatch(failed, nil, nil, "not a payload") })
	d, err := s.Delivery(t.Context(), matched)
	if err != nil {
		t.Fatal(err)
	}
	if d.State != store.Matched || string(d.Explanation) != string(explanation) || !cmp.Equal(d.Verdicts, verdicts) {
		t.Errorf("matched delivery: %+v", d)
	}
	if d, err = s.Delivery(t.Context(), failed); err != nil {
		t.Fatal(err)
	}
	if d.State != store.Failed || d.Error != "not a payload" || d.Explanation != nil {
		t.Errorf("failed delivery: %+v", d)
	}
	err = s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishMatch(matched, nil, nil, "") })
	if !errors.Is(err, store.ErrMatched) {
		t.Errorf("second match: %v, want ErrMatched", err)
	}
	if left, err := s.Unmatched(t.Context(), time.Now().Add(time.Hour), "", 10); err != nil || len(left) != 0 {
		t.Errorf("unmatched: %v, %v", left, err)
	}
}

func testInsertRun(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	queue := &tickets{}
	s.UseTickets(queue)
	r := newRun(accept(t, s), "rule")
	r.Ref, r.SHA, r.OwnCaused, r.RateKey = "refs/heads/main", "abc", true, "rate"
	r.Plan.Vars = map[string]any{"n": int64(1), "f": 2.0}
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
	want := *r
	want.State, want.Attempt, want.CreatedAt = store.Queued, 1, clock.Now()
	want.Steps = []store.Step{
		{Index: 0, ID: "a", Uses: "test.a", State: store.Queued},
		{Index: 1, ID: "b", Uses: "test.b", State: store.Queued},
	}
	got := mustRun(t, s, r.ID)
	if diff := cmp.Diff(&want, got, cmpopts.IgnoreUnexported(store.Run{})); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	if !slices.Equal(queue.enqueued, []string{r.ID}) {
		t.Errorf("tickets %v, want one for %s", queue.enqueued, r.ID)
	}
	running := newRun(r.DeliveryID, "other")
	running.State = store.Running
	if err := s.InTx(t.Context(), func(tx *store.Tx) error { return tx.InsertRun(running) }); err == nil {
		t.Error("a new run may not begin as running")
	}
}

func testInsertRunTwice(t *testing.T, db database) {
	s := db.open(t)
	queue := &tickets{}
	s.UseTickets(queue)
	first := insert(t, s, "rule")
	second, otherRef := newRun(first.DeliveryID, "rule"), newRun(first.DeliveryID, "rule")
	id := second.ID
	otherRef.Ref = "refs/heads/dev"
	inTx(t, s, func(tx *store.Tx) error {
		queue.enqueued = queue.enqueued[:1] // what another try has left
		return errors.Join(tx.InsertRun(second), tx.InsertRun(otherRef))
	})
	if second.ID != first.ID {
		t.Errorf("the second run of a rule for a delivery has id %s, want the first one's", second.ID)
	}
	if _, err := s.Run(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the second run was written: %v", err)
	}
	if want := []string{first.ID, otherRef.ID}; !slices.Equal(queue.enqueued, want) {
		t.Errorf("tickets %v, want %v", queue.enqueued, want)
	}
}

func testOnce(t *testing.T, db database) {
	for _, c := range []struct {
		end  store.RunState
		free bool
	}{
		{store.Running, false}, // while it is active
		{store.Succeeded, false},
		{store.RunFailed, true},
		{store.Cancelled, true},
	} {
		t.Run(string(c.end), func(t *testing.T) {
			t.Parallel()
			s := db.open(t)
			take := func(rule, key, run string) (ok bool) {
				inTx(t, s, func(tx *store.Tx) (err error) {
					ok, err = tx.TakeOnce(rule, key, run)
					return err
				})
				return ok
			}
			r := newRun(accept(t, s), "rule")
			if !take("rule", "value", r.ID) {
				t.Fatal("a new value was refused")
			}
			inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
			if got := mustRun(t, s, r.ID).OnceKey; got != "value" {
				t.Errorf("the run's value is %q", got)
			}
			if c.end.Final() {
				finish(t, s, r.ID, c.end)
			}
			if got := take("rule", "value", newID()); got != c.free {
				t.Errorf("taken again: %t, want %t", got, c.free)
			}
			if !take("rule", "other", newID()) || !take("other", "value", newID()) {
				t.Error("another value or rule was refused")
			}
		})
	}
}

// What TakeOnce took for a run that then is not inserted stays free.
func testReserve(t *testing.T, db database) {
	s := db.open(t)
	for _, c := range []struct {
		what, id, key string
		want          bool
	}{
		{"x", "c1", "a", true}, {"x", "c1", "a", true}, {"x", "c1", "b", false}, {"x", "c2", "b", true}, {"y", "c1", "b", true},
	} {
		inTx(t, s, func(tx *store.Tx) error {
			if got, err := tx.Reserve(c.what, c.id, c.key); err != nil || got != c.want {
				t.Errorf("%s %s for %s: %t, %v; want %t", c.what, c.id, c.key, got, err, c.want)
			}
			return nil
		})
	}
}

func testOnceNotInserted(t *testing.T, db database) {
	s := db.open(t)
	holder := join(t, s, "g", "skip")
	for name, drop := range map[string]func(tx *store.Tx, r *store.Run) error{
		"refused by its group": func(tx *store.Tx, r *store.Run) error {
			joined, err := tx.JoinGroup(r, "g", "skip")
			if joined {
				t.Error("the group let it in")
			}
			return err
		},
		"there already": func(tx *store.Tx, r *store.Run) error {
			r.DeliveryID = holder.DeliveryID
			return tx.InsertRun(r)
		},
	} {
		inTx(t, s, func(tx *store.Tx) error {
			r := newRun(newID(), "rule")
			ok, err := tx.TakeOnce("rule", "value", r.ID)
			if err = errors.Join(err, drop(tx, r)); !ok || err != nil {
				return fmt.Errorf("%s: taken %t: %w", name, ok, err)
			}
			taken, err := tx.OnceTaken("rule", "value", "")
			if taken {
				t.Errorf("%s: its value stays taken", name)
			}
			return err
		})
	}
}

func testOnceTaken(t *testing.T, db database) {
	s := db.open(t)
	debounced(t, s, "", "")
	for _, c := range []struct {
		key, debounceKey string
		want             bool
	}{
		{"value", "", true},
		{"value", "another key", true},
		{"value", "key", false}, // the waiting run gives way
		{"other", "", false},
	} {
		inTx(t, s, func(tx *store.Tx) error {
			got, err := tx.OnceTaken("rule", c.key, c.debounceKey)
			if got != c.want {
				t.Errorf("value %q, debounce key %q: taken %t, want %t", c.key, c.debounceKey, got, c.want)
			}
			return err
		})
	}
}

func testOwn(t *testing.T, db database) {
	s := db.open(t)
	want := store.Own{
		Kind: store.OwnCommit, ID: "abc", Rule: "rule", RepoID: "r1", Repo: hub.RepoRef{Type: hub.Model, Name: "acme/tiny"},
	}
	for range 2 {
		if err := s.RecordOwn(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	inTx(t, s, func(tx *store.Tx) error {
		got, ok, err := tx.Own(store.OwnCommit, "abc")
		if !ok || got != want {
			t.Errorf("own: %+v, %t; want %+v", got, ok, want)
		}
		return err
	})
	for id, want := range map[string]bool{"abc": true, "abd": false} {
		if got, err := s.IsOwn(t.Context(), store.OwnCommit, id); err != nil || got != want {
			t.Errorf("IsOwn(%s): %t, %v; want %t", id, got, err, want)
		}
	}
	if got, err := s.IsOwn(t.Context(), store.OwnComment, "abc"); err != nil || got {
		t.Errorf("a comment with the id of a commit: %t, %v", got, err)
	}
}
