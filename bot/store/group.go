package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A concurrency group lets one run go on at a time. A run holds its group from when it is queued until it is over,
// retry delays included; runs.group_slot says so, under a unique index. The others wait and are let go one by one,
// oldest first, in the transaction that ends the one before.

// JoinGroup puts a new run into a concurrency group, before InsertRun and after Debounce. While another run holds the
// group, onConflict says what happens: "queue" waits; "replace_queued" waits, and those that waited are skipped;
// "cancel_running" also cancels the one that holds it; "skip" returns false: the run is not to be inserted, and what
// TakeOnce took for it is free again. So do the two in the middle when a run of a later delivery is in the group already:
// deliveries are matched side by side, and the latest one is to win.
func (t *Tx) JoinGroup(r *Run, group, onConflict string) (bool, error) {
	r.GroupKey, r.onConflict = group, onConflict
	if r.waitFor == waitDebounce {
		return true, nil
	}
	holder, overtaken, err := t.contend(r, group, onConflict)
	if err != nil {
		return false, err
	}
	switch {
	case holder == "":
	case onConflict == "skip" || overtaken:
		if err := t.settleOnce(r.ID, Skipped); err != nil {
			return false, fmt.Errorf("store: settle once_per of run %s: %w", r.ID, err)
		}
		return false, nil
	default:
		r.State, r.waitFor, r.Reason = Waiting, waitGroup, waitsBehind(holder, group)
	}
	return true, nil
}

// enterGroup lets a stored run into its group, or decides what happens to it, as JoinGroup does.
func (t *Tx) enterGroup(r *Run, onConflict string) error {
	holder, overtaken, err := t.contend(r, r.GroupKey, onConflict)
	switch {
	case err != nil:
		return err
	case overtaken:
		return t.end(r.ID, Skipped, "superseded by run "+holder, "")
	case holder == "":
		return t.queue(r.ID, r.GroupKey)
	case onConflict == "skip":
		return t.end(r.ID, Skipped, "concurrency: run "+holder+" holds the group "+r.GroupKey, "")
	}
	return t.wait(r.ID, waitGroup, time.Time{}, waitsBehind(holder, r.GroupKey))
}

func waitsBehind(holder, group string) string {
	return "waits for run " + holder + " in the concurrency group " + group
}

// contend makes way in a group for a run as onConflict says, and returns the run that still holds it, "" for none; or
// the one of a later delivery that has overtaken it.
func (t *Tx) contend(r *Run, group, onConflict string) (holder string, overtaken bool, err error) {
	if onConflict == "replace_queued" || onConflict == "cancel_running" {
		if later, err := t.later(r, group); err != nil || later != "" {
			return later, later != "", err
		}
		if err := t.skipWaiting(r.ID, group); err != nil {
			return "", false, err
		}
	}
	holder, err = t.holder(group)
	if err != nil || holder == "" || onConflict != "cancel_running" {
		return holder, false, err
	}
	if err := t.Cancel(holder, "superseded by run "+r.ID); err != nil {
		return "", false, err
	}
	holder, err = t.holder(group) // none, unless it is running and needs a moment to stop
	return holder, false, err
}

// later is a run in the group of a later delivery than r's, "" for none. One that is to be cancelled keeps nobody out, nor
// does one that waits for quiet, since it has not joined yet.
func (t *Tx) later(r *Run, group string) (string, error) {
	ids, err := t.queryIDs(`SELECT id FROM runs WHERE group_key = ? AND finished_at = 0 AND state IN ('queued', 'waiting', 'running')
		AND delivery_id > ? AND cancel_reason = '' AND wait_for <> ? ORDER BY delivery_id DESC LIMIT 1`,
		group, r.DeliveryID, waitDebounce)
	if err != nil {
		return "", fmt.Errorf("store: look for later runs of the group %s: %w", group, err)
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

// holder is the run that holds a group.
func (t *Tx) holder(group string) (id string, err error) {
	err = t.tx.QueryRowContext(t.ctx, `SELECT id FROM runs WHERE group_slot = ?`, group).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: look for the run that holds the group %s: %w", group, err)
	}
	return id, nil
}

// skipWaiting ends the runs that wait for a group, except one.
func (t *Tx) skipWaiting(except, group string) error {
	waiting, err := t.queryIDs(`SELECT id FROM runs WHERE group_key = ? AND finished_at = 0 AND state = 'waiting' AND wait_for = ?
		AND id <> ? ORDER BY id`, group, waitGroup, except)
	if err != nil {
		return fmt.Errorf("store: look for runs that wait for the group %s: %w", group, err)
	}
	for _, id := range waiting {
		if err := t.end(id, Skipped, "superseded by run "+except, ""); err != nil {
			return err
		}
	}
	return nil
}

// promote lets the run go on that has waited longest for a group.
func (t *Tx) promote(group string) error {
	next, err := t.queryIDs(`SELECT id FROM runs WHERE group_key = ? AND finished_at = 0 AND state = 'waiting' AND wait_for = ?
		ORDER BY delivery_id, id LIMIT 1`, group, waitGroup)
	if err != nil {
		return fmt.Errorf("store: look for the next run of the group %s: %w", group, err)
	}
	if len(next) == 0 {
		return nil
	}
	return t.queue(next[0], group)
}
