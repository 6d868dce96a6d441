package store

import (
	"context"
	"fmt"
	"time"
)

// CountRuns counts the runs of a rule with this rate_limit key since a time, those that were skipped left out.
func (t *Tx) CountRuns(rule, rateKey string, since time.Time) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM runs WHERE rule = ? AND rate_key = ? AND created_at > ?
		AND state <> 'skipped'`, rule, rateKey, micros(since)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count runs of rule %s: %w", rule, err)
	}
	return n, nil
}

// CountRepoRuns counts the runs of a rule on a repository for its breaker: since a time, but not from before a person
// reset it, those that were skipped left out. With own it counts only the runs that the bot's own acts caused.
func (t *Tx) CountRepoRuns(rule, repoID string, since time.Time, own bool) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM runs WHERE rule = ? AND repo_id = ? AND created_at > ?
		AND created_at > COALESCE((SELECT reset_at FROM breakers b WHERE b.rule = runs.rule AND b.repo_id = runs.repo_id), 0)
		AND state <> 'skipped' AND own_caused >= ?`, rule, repoID, micros(since), oneIf(own)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count runs of rule %s: %w", rule, err)
	}
	return n, nil
}

// ResetBreaker lets a rule run again on a repository where its breaker stopped it.
func (s *Store) ResetBreaker(ctx context.Context, rule, repoID string) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO breakers (rule, repo_id, reset_at) VALUES (?, ?, ?)
		ON CONFLICT (rule, repo_id) DO UPDATE SET reset_at = excluded.reset_at`, rule, repoID, micros(s.now()))
	if err != nil {
		return fmt.Errorf("store: reset the breaker of rule %s: %w", rule, err)
	}
	return nil
}
