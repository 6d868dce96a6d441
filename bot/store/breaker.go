package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Breaker is an open breaker: the rule does not run on the repository until a time, or until a person resets it.
type Breaker struct {
	Rule     string
	Repo     string // the repository's name when it opened
	RepoID   string
	Own      bool // it stops only what the bot's own acts cause
	Runs     int  // how many there were when it opened
	OpenedAt time.Time
	Until    time.Time
}

// BreakerLimit is how many runs on a repository open a breaker. With Own it counts and stops only those that the bot's own
// acts caused.
type BreakerLimit struct {
	Max int
	Per time.Duration
	Own bool
}

// Trip returns the breaker that keeps a run from being made, nil when it is closed. It opens one whose limit is reached;
// opened tells that this was now.
func (t *Tx) Trip(r *Run, limit BreakerLimit) (b *Breaker, opened bool, err error) {
	b = &Breaker{Rule: r.Rule, Repo: r.Repo, RepoID: r.RepoID, Own: limit.Own}
	var openedAt, until, resetAt int64
	err = t.tx.QueryRowContext(t.ctx, `SELECT runs, opened_at, until, reset_at FROM breakers
		WHERE rule = ? AND repo_id = ? AND own = ?`, r.Rule, r.RepoID, oneIf(limit.Own)).
		Scan(&b.Runs, &openedAt, &until, &resetAt)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, false, fmt.Errorf("store: look up the breaker of rule %s: %w", r.Rule, err)
	}
	if until > micros(t.now) && openedAt <= t.latest() { // else the clock was set back since it opened
		b.OpenedAt, b.Until = fromMicros(openedAt), fromMicros(until)
		return b, false, nil
	}
	since := t.now.Add(-limit.Per)
	if reset := fromMicros(resetAt); resetAt > 0 && reset.After(since) {
		since = reset
	}
	if b.Runs, err = t.CountRepoRuns(r.Rule, r.RepoID, since, limit.Own); err != nil || b.Runs < limit.Max {
		return nil, false, err
	}
	b.OpenedAt, b.Until = t.now, t.now.Add(limit.Per)
	_, err = t.exec(`INSERT INTO breakers (rule, repo_id, own, repo, runs, opened_at, until, reset_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule, repo_id, own) DO UPDATE SET repo = excluded.repo,
		runs = excluded.runs, opened_at = excluded.opened_at, until = excluded.until`,
		b.Rule, b.RepoID, oneIf(b.Own), b.Repo, b.Runs, micros(b.OpenedAt), micros(b.Until), resetAt)
	if err != nil {
		return nil, false, fmt.Errorf("store: open the breaker of rule %s: %w", r.Rule, err)
	}
	return b, true, nil
}

// maxBreakers is the most that OpenBreakers lists.
const maxBreakers = 1_000

// OpenBreakers lists the breakers that are open, of one rule or (empty) of all, the newest first and at most a thousand.
func (s *Store) OpenBreakers(ctx context.Context, rule string) ([]Breaker, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT rule, repo, repo_id, own, runs, opened_at, until FROM breakers
		WHERE until > ? AND (rule = ? OR ? = '') ORDER BY opened_at DESC, rule, repo_id, own LIMIT ?`,
		micros(s.Now()), rule, rule, maxBreakers)
	if err != nil {
		return nil, fmt.Errorf("store: look up the open breakers: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (Breaker, error) {
		var b Breaker
		var own, openedAt, until int64
		err := rows.Scan(&b.Rule, &b.Repo, &b.RepoID, &own, &b.Runs, &openedAt, &until)
		b.Own, b.OpenedAt, b.Until = own == 1, fromMicros(openedAt), fromMicros(until)
		return b, err
	})
}

// ResetBreaker closes the open breaker of a rule on a repository, given by its id or its name: the rule runs there again,
// and runs from before do not count. There is an [ErrState] when none is open.
func (s *Store) ResetBreaker(ctx context.Context, rule, repo string) error {
	return s.InTx(ctx, func(tx *Tx) error {
		n, err := tx.exec(`UPDATE breakers SET until = 0, reset_at = ? WHERE rule = ? AND (repo_id = ? OR repo = ?)
			AND until > ?`, micros(tx.now), rule, repo, repo, micros(tx.now))
		if err != nil {
			return fmt.Errorf("store: reset the breaker of rule %s: %w", rule, err)
		}
		if n == 0 {
			return fmt.Errorf("the breaker of rule %s is not open on %s: %w", rule, repo, ErrState)
		}
		return nil
	})
}
