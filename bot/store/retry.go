package store

import (
	"context"
	"errors"
	"fmt"
)

// RetryRun makes a failed or cancelled run queued again. It goes on at the step that failed or was cancelled: that one
// and all after it run anew, also those that ran because of the failure; what succeeded before stays as it is. It
// returns ErrState when the run is in another state, or when another run has its once_per value.
func (t *Tx) RetryRun(run string) error {
	if err := t.lockRun(run); err != nil {
		return err
	}
	r, err := t.Run(run)
	if err != nil {
		return err
	}
	if r.State != RunFailed && r.State != Cancelled {
		return refuse("run %s is %s; only runs that failed or were cancelled can be retried", run, r.State)
	}
	if r.OnceKey != "" {
		free, err := t.TakeOnce(r.Rule, r.OnceKey, run)
		if err != nil {
			return err
		}
		if !free {
			return refuse("run %s is %s, and another run has taken its once_per value %s since", run, r.State, r.OnceKey)
		}
	}
	err = t.post(`UPDATE steps SET state = 'queued', failures = 0, outputs = '', error = '', started_at = 0,
		finished_at = 0 WHERE run_id = ? AND idx >= ?`, run, r.firstBroken())
	if err != nil {
		return fmt.Errorf("store: retry run %s: %w", run, err)
	}
	err = t.post(`UPDATE runs SET attempt = attempt + 1, error = '', cancel_reason = '', finished_at = 0,
		started_at = 0 WHERE id = ?`, run)
	if err != nil {
		return fmt.Errorf("store: retry run %s: %w", run, err)
	}
	if r.GroupKey == "" {
		return t.queue(run, "")
	}
	return t.enterGroup(r, "queue") // a person asked for this one: it waits its turn, and nobody makes way for it
}

// firstBroken is the index of the first step that made the run fail or was cancelled.
func (r *Run) firstBroken() int {
	for i, s := range r.Steps {
		if s.State == Cancelled || s.State == RunFailed && !r.Plan.Steps[i].ContinueOnError {
			return i
		}
	}
	return len(r.Steps)
}

// Reopen gives a delivery that came again another chance: its failed and cancelled runs are retried, and when it could
// not be matched, or some verdict is error, it is Received again and true is returned, so that it can be matched anew
// (keep the verdicts other than error that it has). Nothing that succeeded or is under way runs again.
func (s *Store) Reopen(ctx context.Context, deliveryID string) (match bool, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		runs, err := tx.queryIDs(`SELECT id FROM runs WHERE delivery_id = ? AND state IN ('failed', 'cancelled')
			ORDER BY id`, deliveryID)
		if err != nil {
			return fmt.Errorf("store: reopen delivery %s: %w", deliveryID, err)
		}
		for _, run := range runs {
			// A run whose once_per value went to another one in the meantime stays as it is.
			if err := tx.RetryRun(run); err != nil && !errors.Is(err, ErrState) {
				return err
			}
		}
		n, err := tx.exec(`UPDATE deliveries SET state = ?, error = '' WHERE id = ? AND (state = ? OR state = ? AND EXISTS
			(SELECT 1 FROM verdicts v WHERE v.delivery_id = deliveries.id AND v.verdict = 'error'))`,
			string(Received), deliveryID, string(Failed), string(Matched))
		if err != nil {
			return fmt.Errorf("store: reopen delivery %s: %w", deliveryID, err)
		}
		match = n > 0
		return nil
	})
	return match, err
}
