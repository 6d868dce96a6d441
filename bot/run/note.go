package run

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// largestNote bounds what a step keeps for its next attempt, as JSON in bytes.
const largestNote = 1 << 20

// takeQuota is actions.Runtime's Quota.
func (x *execution) takeQuota(name, key string, most int, per time.Duration) (ok bool, err error) {
	err = x.inTx(func(tx *store.Tx) error {
		ok, err = tx.TakeQuota(name, key, most, per)
		return err
	})
	return ok, err
}

// keepNote is actions.Runtime's Keep for the step of an attempt.
func (t *try) keepNote(_ context.Context, note map[string]any) error {
	note = t.mask.object(note)
	if text, err := json.Marshal(note); err != nil {
		return fmt.Errorf("keep a note: it is no JSON: %w", err)
	} else if len(text) > largestNote {
		return fmt.Errorf("keep a note: it has %d bytes, more than %d", len(text), largestNote)
	}
	return t.x.inTx(func(tx *store.Tx) error { return tx.KeepNote(t.x.job.lease, t.index, note) })
}
