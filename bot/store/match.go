package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrMatched says that the delivery was matched before, perhaps by somebody else in the meantime.
var ErrMatched = errors.New("store: the delivery was matched before")

// FinishMatch writes the verdicts and moves the delivery to Matched; or, when failure says why it cannot be matched, to
// Failed. When the delivery is in another state than Received, the transaction fails with ErrMatched at the latest in the
// end, so that nothing of the second match is written.
func (t *Tx) FinishMatch(
	deliveryID string, explanation json.RawMessage, verdicts map[string]string, failure string,
) error {
	state := Matched
	if failure != "" {
		state = Failed
	}
	text, err := json.Marshal(verdicts)
	if err != nil {
		return fmt.Errorf("store: encode verdicts: %w", err)
	}
	err = t.mustChange(fmt.Errorf("delivery %s: %w", deliveryID, ErrMatched),
		`UPDATE deliveries SET state = ?, error = ?, verdicts = ?, explanation = ? WHERE id = ? AND state = ?`,
		string(state), failure, string(text), string(explanation), deliveryID, string(Received))
	if err != nil {
		return fmt.Errorf("store: write a match: %w", err)
	}
	return t.writeVerdicts(deliveryID, verdicts)
}

// writeVerdicts makes the rows that lists filter by. Of a thousand rules most do not match, so those have no row.
func (t *Tx) writeVerdicts(deliveryID string, verdicts map[string]string) error {
	if err := t.post(`DELETE FROM verdicts WHERE delivery_id = ?`, deliveryID); err != nil {
		return fmt.Errorf("store: write verdicts of delivery %s: %w", deliveryID, err)
	}
	for rule, verdict := range verdicts {
		if verdict == "not_matched" {
			continue
		}
		err := t.post(`INSERT INTO verdicts (rule, delivery_id, verdict) VALUES (?, ?, ?)`, rule, deliveryID, verdict)
		if err != nil {
			return fmt.Errorf("store: write verdicts of delivery %s: %w", deliveryID, err)
		}
	}
	return nil
}

// InsertRun writes a new run with its steps, which is due unless it waits. A delivery has one run for a rule and
// ref: when that is there already, nothing is written and r.ID becomes the id of that one.
//
// To debounce the run or put it into a concurrency group, call Debounce and then JoinGroup before. The value of
// once_per that TakeOnce took for r.ID is kept with it.
func (t *Tx) InsertRun(r *Run) error {
	if r.State == "" {
		r.State = Queued
	}
	if !RunState("").CanBecome(r.State) {
		return fmt.Errorf("store: a new run cannot be %s", r.State)
	}
	if r.CreatedAt.IsZero() {
		r.CreatedAt = t.now
	}
	r.Attempt = 1
	plan, err := encodePlan(r.Plan)
	if err != nil {
		return fmt.Errorf("store: encode the plan of rule %s: %w", r.Rule, err)
	}
	isThere, err := t.unlikely(true, func(written row) (bool, error) {
		var id string
		err := written.Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return true, nil
		}
		return false, err
	}, insertRun, t.runValues(r, plan)...)
	if err != nil {
		return fmt.Errorf("store: write a run of rule %s: %w", r.Rule, err)
	}
	if isThere {
		return t.useExisting(r)
	}
	for i, s := range r.Plan.Steps {
		if err := t.post(insertStep, r.ID, i, s.ID, s.Uses, string(Queued)); err != nil {
			return fmt.Errorf("store: write step %s of a run of rule %s: %w", s.ID, r.Rule, err)
		}
	}
	t.note(r.ID, r.State)
	if r.State == Queued {
		t.enqueue(r.ID)
	}
	return nil
}

// useExisting gives r the id of the run that its delivery has for its rule and ref. What was taken for r is free again.
func (t *Tx) useExisting(r *Run) error {
	if err := t.settleOnce(r.ID, Skipped); err != nil {
		return fmt.Errorf("store: settle once_per of run %s: %w", r.ID, err)
	}
	err := t.tx.QueryRowContext(t.ctx, `SELECT id FROM runs WHERE delivery_id = ? AND rule = ? AND ref = ?`,
		r.DeliveryID, r.Rule, r.Ref).Scan(&r.ID)
	if err != nil {
		return fmt.Errorf("store: find the run of rule %s for delivery %s: %w", r.Rule, r.DeliveryID, err)
	}
	return nil
}

const (
	insertRun = `INSERT INTO runs (id, delivery_id, rule, repo, repo_type, repo_id, ref, sha, own_caused, state, reason,
		wait_for, wait_until, attempt, plan, created_at, ticketed_at, rate_key, debounce_key, debounce_since, group_key,
		group_slot, on_conflict, once_key, error, cancel_reason, started_at, finished_at, ticket, owner, lease_until, token)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
		COALESCE((SELECT key FROM once WHERE run_id = ?), ''), '', '', 0, 0, 0, '', 0, 0)
		ON CONFLICT (delivery_id, rule, ref) DO NOTHING RETURNING id`
	insertStep = `INSERT INTO steps (run_id, idx, id, uses, state, attempt, failures, inputs, outputs, error, started_at,
		finished_at) VALUES (?, ?, ?, ?, ?, 0, 0, '', '', '', 0, 0)`
)

// runValues are the values for insertRun.
func (t *Tx) runValues(r *Run, plan string) []any {
	var slot any // null: it does not hold its group
	if r.GroupKey != "" && r.State == Queued {
		slot = r.GroupKey
	}
	return []any{
		r.ID, r.DeliveryID, r.Rule, r.Repo, r.RepoType, r.RepoID, r.Ref, r.SHA, oneIf(r.OwnCaused), string(r.State), r.Reason,
		r.waitFor, micros(r.WaitUntil), r.Attempt, plan, micros(r.CreatedAt), micros(t.now), r.RateKey, r.DebounceKey,
		micros(r.debounceSince), r.GroupKey, slot, r.onConflict, r.ID,
	}
}
