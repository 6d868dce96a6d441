package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const runColumns = `id, delivery_id, rule, repo, repo_type, repo_id, ref, sha, own_caused, state, reason, wait_for,
	wait_until, attempt, plan, error, created_at, started_at, finished_at, once_key, rate_key, debounce_key,
	debounce_since, group_key, on_conflict, cancel_reason`

// stepColumns are read by scanStep.
const stepColumns = `idx, id, uses, state, attempt, failures, inputs, outputs, error, started_at, finished_at`

// readRuns begins a query that readRun reads. It looks up who holds the group that a run waits for: one run after another,
// while the waiting run's own row says who held it at first.
const readRuns = `SELECT ` + runColumns + `, COALESCE((SELECT h.id FROM runs h
	WHERE runs.wait_for = '` + waitGroup + `' AND h.group_slot = runs.group_key), '') FROM runs `

func readRun(scan func(...any) error) (Run, error) {
	var holder string
	r, err := scanRun(scan, &holder)
	if holder != "" {
		r.Reason = waitsBehind(holder, r.GroupKey)
	}
	return r, err
}

// scanRun reads runColumns, and more columns into more. The reason of a run that is to be cancelled is why.
func scanRun(scan func(...any) error, more ...any) (Run, error) {
	var r Run
	var own, waitUntil, created, started, finished, since int64
	var plan string
	err := scan(append([]any{
		&r.ID, &r.DeliveryID, &r.Rule, &r.Repo, &r.RepoType, &r.RepoID, &r.Ref, &r.SHA, &own, &r.State,
		&r.Reason, &r.waitFor, &waitUntil, &r.Attempt, &plan, &r.Error, &created, &started, &finished, &r.OnceKey,
		&r.RateKey, &r.DebounceKey, &since, &r.GroupKey, &r.onConflict, &r.CancelReason,
	}, more...)...)
	if err != nil {
		return Run{}, err
	}
	r.OwnCaused = own == 1
	r.WaitUntil, r.CreatedAt, r.debounceSince = fromMicros(waitUntil), fromMicros(created), fromMicros(since)
	r.StartedAt, r.FinishedAt = fromMicros(started), fromMicros(finished)
	if r.CancelReason != "" && r.State == Running {
		r.Reason = "cancelling: " + r.CancelReason
	}
	r.Plan, err = decodePlan(plan)
	return r, err
}

// Run returns one run with its steps; ErrNotFound when there is none.
func (s *Store) Run(ctx context.Context, id string) (*Run, error) { return findRun(ctx, s.reader, id) }

// Run returns one run with its steps as the transaction sees it; ErrNotFound when there is none.
func (t *Tx) Run(id string) (*Run, error) { return findRun(t.ctx, t.tx, id) }

func findRun(ctx context.Context, q querier, id string) (*Run, error) {
	r, err := readRun(q.QueryRowContext(ctx, readRuns+`WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("run %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read run %s: %w", id, err)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+stepColumns+` FROM steps WHERE run_id = ? ORDER BY idx`, id)
	if err != nil {
		return nil, fmt.Errorf("store: read the steps of run %s: %w", id, err)
	}
	if r.Steps, err = collect(rows, func(rows row) (Step, error) { return scanStep(rows) }); err != nil {
		return nil, fmt.Errorf("store: read the steps of run %s: %w", id, err)
	}
	return &r, nil
}

// scanStep reads stepColumns, and more columns into more.
func scanStep(rows row, more ...any) (Step, error) {
	var s Step
	var started, finished int64
	var inputs, outputs string
	err := rows.Scan(append([]any{
		&s.Index, &s.ID, &s.Uses, &s.State, &s.Attempt, &s.Failures, &inputs, &outputs, &s.Error, &started, &finished,
	}, more...)...)
	if err != nil {
		return Step{}, err
	}
	s.StartedAt, s.FinishedAt = fromMicros(started), fromMicros(finished)
	if s.With, err = decodeMap(inputs); err != nil {
		return Step{}, err
	}
	s.Outputs, err = decodeMap(outputs)
	return s, err
}

// Attempts returns all tries of all steps of a run, in order.
func (s *Store) Attempts(ctx context.Context, run string) ([]Attempt, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT idx, attempt, state, error, started_at, finished_at FROM attempts
		WHERE run_id = ? ORDER BY idx, attempt`, run)
	if err != nil {
		return nil, fmt.Errorf("store: list attempts of run %s: %w", run, err)
	}
	return collect(rows, func(rows row) (Attempt, error) {
		var a Attempt
		var started, finished int64
		err := rows.Scan(&a.Step, &a.Number, &a.State, &a.Error, &started, &finished)
		a.StartedAt, a.FinishedAt = fromMicros(started), fromMicros(finished)
		return a, err
	})
}
