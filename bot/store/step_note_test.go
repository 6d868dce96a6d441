package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

// testStepNote keeps a note of a step through a failure that is tried again; its end puts the outputs in its place.
func testStepNote(t *testing.T, db database) {
	s := db.open(t)
	r := insert(t, s, "rule")
	lease, _ := claim(t, s, r.ID)
	do := func(f func(tx *store.Tx) error) { t.Helper(); inTx(t, s, f) }
	want := func(when string, values map[string]any) {
		t.Helper()
		if diff := cmp.Diff(values, mustRun(t, s, r.ID).Steps[0].Outputs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	note := map[string]any{"uploaded": map[string]any{"a.safetensors": "sum"}}
	do(func(tx *store.Tx) error { return tx.KeepNote(lease, 0, note) })
	want("before the step began", nil)
	start := func(tx *store.Tx) error { _, err := tx.StartStep(lease, 0, nil); return err }
	do(start)
	do(func(tx *store.Tx) error { return tx.KeepNote(lease, 0, note) })
	want("while it runs", note)
	do(func(tx *store.Tx) error {
		return tx.EndStep(lease, 0, store.StepResult{State: store.Waiting, Error: "busy"})
	})
	want("while it waits", note)
	do(start)
	want("in the next attempt", note)
	do(func(tx *store.Tx) error {
		return tx.EndStep(lease, 0, store.StepResult{State: store.Succeeded, Outputs: map[string]any{"n": 1}})
	})
	want("at its end", map[string]any{"n": int64(1)})
}
