package store

import (
	"fmt"
	"time"
)

// Debounce makes a new run wait until its key has been quiet for wait, at the latest until longest after the first
// event of the burst (0: no such limit). The run of the same rule and key that waited until now is skipped as
// debounced, and what it held is free. Call it first: before TakeOnce, JoinGroup and InsertRun.
func (t *Tx) Debounce(r *Run, key string, wait, longest time.Duration) error {
	since := t.now
	waiting, err := t.queryIDs(`SELECT id FROM runs WHERE rule = ? AND debounce_key = ? AND state = 'waiting'
		AND wait_for = ? ORDER BY id`, r.Rule, key, waitDebounce)
	if err != nil {
		return fmt.Errorf("store: look for debounced runs of rule %s: %w", r.Rule, err)
	}
	for _, id := range waiting {
		earlier, err := t.Run(id)
		if err != nil {
			return err
		}
		if earlier.debounceSince.Before(since) {
			since = earlier.debounceSince
		}
		if err := t.end(id, Skipped, "debounced: replaced by run "+r.ID, ""); err != nil {
			return err
		}
	}
	until := t.now.Add(wait)
	if latest := since.Add(longest); longest > 0 && latest.Before(until) {
		until = latest
	}
	r.DebounceKey, r.debounceSince, r.waitFor = key, since, waitDebounce
	r.State, r.WaitUntil, r.Reason = Waiting, until, "debounced: waits until "+key+" is quiet"
	return nil
}
