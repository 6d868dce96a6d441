package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// StartStep writes that an attempt at a step begins, with its inputs (secrets masked), and returns its number. A step that
// has ended gives ErrState: it never runs again. One that runs has its attempt already, so that a worker which cannot know
// whether its write arrived may write again.
func (t *Tx) StartStep(l *Lease, step int, with map[string]any) (attempt int, err error) {
	if err := t.check(l); err != nil {
		return 0, err
	}
	inputs, err := encodeMap(with)
	if err != nil {
		return 0, fmt.Errorf("store: encode the inputs of step %d: %w", step, err)
	}
	now := micros(t.now)
	err = t.tx.QueryRowContext(t.ctx, `UPDATE steps SET state = 'running', inputs = ?, error = '',
		attempt = CASE WHEN state = 'running' THEN attempt ELSE attempt + 1 END,
		started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END WHERE run_id = ? AND idx = ?
		AND state IN ('queued', 'waiting', 'running') RETURNING attempt`, inputs, now, l.Run, step).Scan(&attempt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, refuse("step %d of run %s has ended, and never runs again", step, l.Run)
	}
	if err != nil {
		return 0, fmt.Errorf("store: start step %d of run %s: %w", step, l.Run, err)
	}
	err = t.post(`INSERT INTO attempts (run_id, idx, attempt, state, error, started_at, finished_at)
		VALUES (?, ?, ?, 'running', '', ?, 0) ON CONFLICT (run_id, idx, attempt) DO NOTHING`, l.Run, step, attempt, now)
	if err != nil {
		return 0, fmt.Errorf("store: start step %d of run %s: %w", step, l.Run, err)
	}
	return attempt, nil
}

// StepResult is how an attempt at a step ended, or that the step was not tried.
type StepResult struct {
	State   RunState // Succeeded, RunFailed, Cancelled; Skipped without an attempt; Waiting: failed, and to be tried again
	Outputs map[string]any
	Error   string
}

// EndStep writes how a step ended. An attempt under way ends with it. A step that waits to be tried again keeps its note. One
// that has ended stays as it is, so that a worker which cannot know whether its write arrived may write again.
func (t *Tx) EndStep(l *Lease, step int, r StepResult) error {
	if err := t.check(l); err != nil {
		return err
	}
	outputs, err := encodeMap(r.Outputs)
	if err != nil {
		return fmt.Errorf("store: encode the outputs of step %d: %w", step, err)
	}
	attempt, failures := string(r.State), 0
	if r.State == Waiting || r.State == RunFailed {
		attempt, failures = string(RunFailed), 1
	}
	now := micros(t.now)
	err = t.post(`UPDATE steps SET state = ?, outputs = CASE WHEN ? THEN outputs ELSE ? END, error = ?,
		failures = failures + ?, finished_at = ? WHERE run_id = ? AND idx = ?
		AND state IN ('queued', 'waiting', 'running')`,
		string(r.State), r.State == Waiting, outputs, r.Error, failures, now, l.Run, step)
	if err != nil {
		return fmt.Errorf("store: end step %d of run %s: %w", step, l.Run, err)
	}
	err = t.post(`UPDATE attempts SET state = ?, error = ?, finished_at = ? WHERE run_id = ? AND idx = ?
		AND state = 'running'`, attempt, r.Error, now, l.Run, step)
	if err != nil {
		return fmt.Errorf("store: end step %d of run %s: %w", step, l.Run, err)
	}
	return nil
}

// WaitRetry lets a run wait for the next attempt at a step, and gives up its lease. It keeps its concurrency group.
func (t *Tx) WaitRetry(l *Lease, until time.Time, reason string) error {
	if err := t.check(l); err != nil {
		return err
	}
	return t.wait(l.Run, waitRetry, until, reason)
}
