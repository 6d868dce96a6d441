package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

func testRecord(t *testing.T, db database) {
	s := db.open(t)
	r := insert(t, s, "x")
	at := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	var lines []store.LogLine
	for step := range 2 {
		for seq := 1; seq <= 3; seq++ {
			lines = append(lines, store.LogLine{
				Step: step, Attempt: 1, Seq: seq, At: at, Level: "info", Message: fmt.Sprintf("line %d of %d", seq, step),
			})
		}
	}
	half := store.Progress{Step: 1, Done: 1, Total: 2, Note: "half", At: at}
	whole := store.Progress{Step: 1, Done: 2, Total: 2, Note: "whole", At: at}
	for i, p := range []*store.Progress{&half, nil, &whole} {
		if err := s.Record(t.Context(), r.ID, lines[:2*i+2], p); err != nil { // what is there already comes again
			t.Fatal(err)
		}
	}
	got, err := s.Logs(t.Context(), r.ID, 0)
	if diff := cmp.Diff(lines, got); diff != "" || err != nil {
		t.Errorf("all lines: %v\n%s", err, diff)
	}
	got, err = s.Logs(t.Context(), r.ID, 1)
	if diff := cmp.Diff([]store.LogLine{lines[2], lines[5]}, got); diff != "" || err != nil {
		t.Errorf("the last line of each step: %v\n%s", err, diff)
	}
	progress, err := s.Progress(t.Context(), r.ID)
	if diff := cmp.Diff([]store.Progress{whole}, progress); diff != "" || err != nil {
		t.Errorf("progress: %v\n%s", err, diff)
	}
}

func testSessions(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	want := store.Session{Who: "ada", CSRF: "c", ExpiresAt: clock.Now().Add(time.Hour)}
	if err := s.OpenSession(t.Context(), "secret", want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), "secret")
	if err != nil || !cmp.Equal(*got, want) {
		t.Errorf("session: %+v, %v", got, err)
	}
	if _, err := s.Session(t.Context(), "other"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session nobody opened: %v", err)
	}
	clock.add(time.Hour)
	if _, err := s.Session(t.Context(), "secret"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session that is over: %v", err)
	}
	want.ExpiresAt = clock.Now().Add(time.Hour)
	if err := s.OpenSession(t.Context(), "secret", want); err != nil { // the old one is gone, or its key would clash
		t.Fatal(err)
	}
	if err := s.CloseSession(t.Context(), "secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), "secret"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a closed session: %v", err)
	}
}

func testAudit(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	for i := range 3 {
		err := s.AddAudit(t.Context(), store.Audit{Who: "ada", Act: "cancel", Target: fmt.Sprint(i), Detail: "d"})
		if err != nil {
			t.Fatal(err)
		}
	}
	first, next, err := s.AuditPage(t.Context(), store.Filter{Limit: 2})
	if err != nil || len(first) != 2 || first[0].Target != "2" || !first[0].At.Equal(clock.Now()) || next != first[1].ID {
		t.Errorf("first page: %+v, next %q, %v", first, next, err)
	}
	second, next, err := s.AuditPage(t.Context(), store.Filter{Limit: 2, Before: next})
	if err != nil || len(second) != 1 || second[0].Target != "0" || second[0].Detail != "d" || next != "" {
		t.Errorf("second page: %+v, next %q, %v", second, next, err)
	}
}

func testActivity(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	begin := clock.Now()
	var runs []*store.Run
	for range 3 {
		runs = append(runs, insert(t, s, "x"))
	}
	clock.add(2 * time.Second)
	finish(t, s, runs[0].ID, store.Succeeded)
	finish(t, s, runs[1].ID, store.RunFailed)
	got, err := s.Activity(t.Context(), begin, begin.Add(time.Hour))
	want := store.Activity{
		Deliveries: 3, Runs: map[store.RunState]int64{store.Succeeded: 1, store.RunFailed: 1},
		Median: 2 * time.Second, Slow: 2 * time.Second,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("activity: %v\n%s", err, diff)
	}
	got, err = s.Activity(t.Context(), begin.Add(time.Hour), begin.Add(2*time.Hour))
	if diff := cmp.Diff(store.Activity{Runs: map[store.RunState]int64{}}, got); diff != "" || err != nil {
		t.Errorf("activity of another hour: %v\n%s", err, diff)
	}
	backlog, err := s.Backlog(t.Context())
	left := store.Backlog{Runs: map[store.RunState]int64{store.Queued: 1}, Oldest: begin}
	if diff := cmp.Diff(left, backlog); diff != "" || err != nil {
		t.Errorf("backlog: %v\n%s", err, diff)
	}
}

func testTriggers(t *testing.T, db database) {
	s := db.open(t)
	for i, hook := range []string{"w1", "w1", "w2", ""} {
		key := fmt.Sprint(i)
		_, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: key, Key: key, Hook: hook, Body: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
	}
	replayed, err := s.Deliveries(t.Context(), store.Filter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if replayed[1].Hook != "w2" {
		t.Errorf("the webhook of a delivery: %q", replayed[1].Hook)
	}
	if _, err := s.Replay(t.Context(), replayed[1].ID, false); err != nil { // triggers no webhook
		t.Fatal(err)
	}
	got, err := s.Triggers(t.Context(), time.Now().Add(-time.Hour))
	if diff := cmp.Diff(map[string]int64{"w1": 2, "w2": 1, "": 2}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err = s.Triggers(t.Context(), time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of the future: %v, %v", got, err)
	}
}

func testVerdictCounts(t *testing.T, db database) {
	s := db.open(t)
	before := time.Now().Add(-time.Minute)
	keepDelivery(t, s, "acme/a", map[string]string{"x": "matched", "y": "not_matched"})
	keepDelivery(t, s, "acme/a", map[string]string{"x": "matched", "y": "skipped"})
	got, err := s.VerdictCounts(t.Context(), before)
	want := map[string]map[string]int64{"x": {"matched": 2}, "y": {"skipped": 1}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err = s.VerdictCounts(t.Context(), time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of the future: %v, %v", got, err)
	}
}

func testPublicDeliveries(t *testing.T, db database) {
	s := db.open(t)
	keep := func(repo string, public bool) string {
		key := newID()
		id, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: key, Key: key, Repo: repo, Public: public, Body: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		inTx(t, s, func(tx *store.Tx) error { return tx.FinishMatch(id, nil, map[string]string{}, "") })
		return id
	}
	first := keep("acme/open", true)
	keep("acme/closed", false)
	keep("acme/became-private", true)
	keep("acme/became-private", false)
	last := keep("acme/open", true)
	list, err := s.PublicDeliveries(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, []string{last, first}) {
		t.Errorf("got %v", list)
	}
}

func testFilterText(t *testing.T, db database) {
	s := db.open(t)
	ids := []string{
		keepDelivery(t, s, "acme/Tiny-Model", map[string]string{"x": "matched"}),
		keepDelivery(t, s, "acme/other", map[string]string{"x": "matched"}),
		keepDelivery(t, s, "acme/100%", map[string]string{"x": "error"}),
	}
	for name, c := range map[string]struct {
		filter store.Filter
		want   []int
	}{
		"part of a name, any case": {store.Filter{Text: "tiny-m"}, []int{0}},
		"a sign of the pattern":    {store.Filter{Text: "0%"}, []int{2}},
		"no pattern":               {store.Filter{Text: "a%e"}, nil},
		"an id":                    {store.Filter{Text: ids[1]}, []int{1}},
		"with a rule":              {store.Filter{Text: "acme", Rule: "x", Verdict: "matched"}, []int{1, 0}},
		"a rule's page":            {store.Filter{Rule: "x", Before: ids[2], Limit: 1}, []int{1}},
		"a verdict's page":         {store.Filter{Verdict: "matched", Before: ids[1]}, []int{0}},
		"repo and verdict":         {store.Filter{Repo: "acme/other", Verdict: "matched"}, []int{1}},
	} {
		got, next, err := s.DeliveryPage(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var places []int
		for _, d := range got {
			places = append(places, slices.Index(ids, d.ID))
		}
		full := c.filter.Limit > 0 && len(got) == c.filter.Limit
		if !slices.Equal(places, c.want) || (next != "") != full {
			t.Errorf("%s: %v, next %q; want %v", name, places, next, c.want)
		}
	}
	r := insert(t, s, "needle")
	insert(t, s, "hay")
	runs, next, err := s.RunPage(t.Context(), store.Filter{Text: "NEED"})
	if err != nil || len(runs) != 1 || runs[0].ID != r.ID || next != "" {
		t.Errorf("runs: %+v, next %q, %v", runs, next, err)
	}
}
