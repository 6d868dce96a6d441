package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

// keepDelivery accepts a delivery of a repository and matches it, unless verdicts is nil.
func keepDelivery(t *testing.T, s *store.Store, repo string, verdicts map[string]string) string {
	t.Helper()
	key := newID()
	id, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: key, Key: key, Repo: repo, Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if verdicts != nil {
		inTx(t, s, func(tx *store.Tx) error { return tx.FinishMatch(id, nil, verdicts, "") })
	}
	return id
}

func testListDeliveries(t *testing.T, db database) {
	s := db.open(t)
	ids := []string{
		keepDelivery(t, s, "acme/a", map[string]string{"x": "matched", "y": "not_matched"}),
		keepDelivery(t, s, "acme/b", map[string]string{"x": "not_matched", "y": "skipped"}),
		keepDelivery(t, s, "acme/a", map[string]string{"x": "not_matched", "y": "not_matched"}),
		keepDelivery(t, s, "acme/a", nil),
	}
	r := newRun(ids[0], "x")
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
	for name, c := range map[string]struct {
		filter store.Filter
		want   []int
	}{
		"all, newest first":   {store.Filter{}, []int{3, 2, 1, 0}},
		"page":                {store.Filter{Limit: 2}, []int{3, 2}},
		"next page":           {store.Filter{Limit: 2, Before: ids[2]}, []int{1, 0}},
		"repo":                {store.Filter{Repo: "acme/a"}, []int{3, 2, 0}},
		"state":               {store.Filter{State: "received"}, []int{3}},
		"rule":                {store.Filter{Rule: "y"}, []int{1}},
		"verdict":             {store.Filter{Verdict: "matched"}, []int{0}},
		"rule and verdict":    {store.Filter{Rule: "y", Verdict: "skipped"}, []int{1}},
		"neither":             {store.Filter{Rule: "x", Verdict: "skipped"}, nil},
		"nothing matched":     {store.Filter{Verdict: "not_matched"}, []int{2}},
		"rule did not match":  {store.Filter{Rule: "x", Verdict: "not_matched"}, []int{2, 1}},
		"repo before":         {store.Filter{Repo: "acme/a", Before: ids[3]}, []int{2, 0}},
		"quotes are harmless": {store.Filter{Repo: "a' OR '1'='1"}, nil},
	} {
		got, err := s.Deliveries(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var places []int
		for _, d := range got {
			places = append(places, slices.Index(ids, d.ID))
			if d.Body != nil {
				t.Errorf("%s: a list carries bodies", name)
			}
		}
		if !slices.Equal(places, c.want) {
			t.Errorf("%s: %v, want %v", name, places, c.want)
		}
	}
	d, err := s.Deliveries(t.Context(), store.Filter{Before: ids[1]})
	if err != nil || len(d) != 1 || !slices.Equal(d[0].Runs, []string{r.ID}) || d[0].Verdicts["x"] != "matched" {
		t.Errorf("the oldest in a list: %+v, %v", d, err)
	}
	if _, err := s.Delivery(t.Context(), "no such"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown delivery: %v", err)
	}
}

func testListRuns(t *testing.T, db database) {
	s := db.open(t)
	first, second := insert(t, s, "x"), insert(t, s, "y")
	third := newRun(first.DeliveryID, "y")
	third.Repo = "acme/other"
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(third) })
	finish(t, s, second.ID, store.Succeeded)
	for name, c := range map[string]struct {
		filter store.Filter
		want   []string
	}{
		"all":      {store.Filter{}, []string{third.ID, second.ID, first.ID}},
		"rule":     {store.Filter{Rule: "y"}, []string{third.ID, second.ID}},
		"state":    {store.Filter{State: "succeeded"}, []string{second.ID}},
		"repo":     {store.Filter{Repo: "acme/other"}, []string{third.ID}},
		"delivery": {store.Filter{Delivery: first.DeliveryID}, []string{third.ID, first.ID}},
		"page":     {store.Filter{Before: third.ID, Limit: 1}, []string{second.ID}},
	} {
		got, err := s.Runs(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var ids []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
}

func testCounts(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	old := clock.Now()
	insert(t, s, "x")
	clock.add(1)
	done := insert(t, s, "x")
	finish(t, s, done.ID, store.Succeeded)
	keepDelivery(t, s, "acme/a", map[string]string{})
	for range 3 {
		if _, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: "w", Key: "id:w"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := store.Counts{
		Deliveries: map[store.DeliveryState]int64{store.Received: 3, store.Matched: 1},
		Runs:       map[store.RunState]int64{store.Queued: 1, store.Succeeded: 1},
		Duplicates: 2, Oldest: old,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
