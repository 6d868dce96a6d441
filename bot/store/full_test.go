package store_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/hfbot/hfbot/bot/store"
)

// A full disk refuses deliveries and loses none; when there is room again the bot goes on by itself. That the file may
// not grow any more looks to SQLite as a full disk does.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	var pages int
	if err := s.DB().QueryRow(`PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		var now int
		if err := s.DB().QueryRow(`PRAGMA max_page_count = ` + strconv.Itoa(pages)).Scan(&now); err != nil || now != pages {
			t.Fatalf("at most %d pages: %d, %v", pages, now, err)
		}
	}
	limit(pages + 40)
	var kept []string
	var full error
	for range 1_000 {
		hook := newID()
		id, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: hook, Key: hook, Body: make([]byte, 4_000)})
		if err != nil {
			full = err
			break
		}
		kept = append(kept, id)
	}
	if full == nil || !store.IsAway(full) || len(kept) == 0 {
		t.Fatalf("after %d deliveries: %v, want a full disk", len(kept), full)
	}
	if err := s.Refuses(); !store.IsAway(err) {
		t.Errorf("the database refuses nothing: %v", err)
	}
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		r := newRun(kept[0], "rule")
		r.Plan.Vars = map[string]any{"large": string(make([]byte, 400_000))}
		return tx.InsertRun(r)
	})
	if !store.IsAway(err) || errors.Is(err, store.ErrState) {
		t.Errorf("a run on a full disk: %v", err)
	}
	limit(pages + 100_000)
	insert(t, s, "rule")
	if err := s.Refuses(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	for _, id := range kept {
		if _, err := s.Delivery(t.Context(), id); err != nil {
			t.Errorf("it was accepted: %v", err)
		}
	}
}
