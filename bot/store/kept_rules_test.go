package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

func testKeptRules(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	const address = "hf://datasets/demo/rules/rules.yaml"
	if got, err := s.KeptRules(t.Context(), address); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of nothing there is %+v, %v", got, err)
	}
	for _, content := range []string{"version: 1", "version: 1\nrules: [] # ärger"} {
		want := store.KeptRules{Address: address, SHA: "of " + content, Content: content, At: clock.Now()}
		if err := s.KeepRules(t.Context(), []store.KeptRules{want, {Address: "hf://other"}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.KeptRules(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kept (-want +got):\n%s", diff)
		}
	}
}
