package store

import (
	"context"
	"fmt"
	"time"
)

// What a waiting run waits for.
const (
	waitRetry    = "retry"
	waitDebounce = "debounce"
	waitGroup    = "group"
)

// wait lets a run wait: it is not due, and has no worker.
func (t *Tx) wait(run, what string, until time.Time, reason string) error {
	return t.move(run, Waiting, `, wait_for = ?, wait_until = ?, reason = ?, owner = '', lease_until = 0, ticketed_at = ?`,
		what, micros(until), reason, micros(t.now))
}

// queue makes a run due, holding the given concurrency group ("" leaves the group as it is).
func (t *Tx) queue(run, group string) error {
	set := `, wait_for = '', wait_until = 0, reason = '', owner = '', lease_until = 0, ticketed_at = ?`
	args := []any{micros(t.now)}
	if group != "" {
		set, args = set+`, group_slot = ?`, append(args, group)
	}
	if err := t.move(run, Queued, set, args...); err != nil {
		return err
	}
	t.enqueue(run)
	return nil
}

// NextDue returns when the next waiting run is due; the zero time when none waits for a time.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due *int64
	err := s.reader.QueryRowContext(ctx, `SELECT MIN(wait_until) FROM runs WHERE state = 'waiting' AND wait_until > 0`).
		Scan(&due)
	if err != nil {
		return time.Time{}, fmt.Errorf("store: look for the next run that is due: %w", err)
	}
	if due == nil {
		return time.Time{}, nil
	}
	return fromMicros(*due), nil
}

// ReleaseDue ends the waits whose time has come, at most limit, and returns how many there were. A run whose debounce
// ends joins its concurrency group only now, since until then it may still be replaced.
func (t *Tx) ReleaseDue(limit int) (int, error) {
	return t.release(`wait_until <= ?`, micros(t.now), limit)
}

// ReleaseAhead ends the waits that began at a time which is still to come, at most limit, and returns how many there were:
// the clock was set back, and nobody knows how much of them is left. To end them is better than to let them go on for as
// long as the clock was ahead.
func (t *Tx) ReleaseAhead(limit int) (int, error) {
	return t.release(`ticketed_at > ?`, micros(t.now.Add(clockAhead)), limit)
}

// release ends the waits for a time of which a condition holds.
func (t *Tx) release(condition string, arg int64, limit int) (int, error) {
	condition = `state = 'waiting' AND wait_until > 0 AND ` + condition
	due, err := t.queryIDs(`SELECT id FROM runs WHERE `+condition+` ORDER BY id LIMIT ?`, arg, limit)
	if err != nil {
		return 0, fmt.Errorf("store: look for runs that are due: %w", err)
	}
	for _, id := range due {
		if err := t.lockRun(id); err != nil {
			return 0, err
		}
		still, err := t.queryIDs(`SELECT id FROM runs WHERE `+condition+` AND id = ?`, arg, id)
		if err != nil {
			return 0, fmt.Errorf("store: look for runs that are due: %w", err)
		}
		if len(still) == 0 {
			continue // another one's release, or another instance, was faster
		}
		r, err := t.Run(id)
		if err != nil {
			return 0, err
		}
		switch {
		case r.waitFor == waitDebounce && r.GroupKey != "":
			err = t.enterGroup(r, r.onConflict)
		default:
			err = t.queue(id, "")
		}
		if err != nil {
			return 0, err
		}
	}
	return len(due), nil
}
