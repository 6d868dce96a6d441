package store

import (
	"fmt"
	"time"
)

// CountRuns counts the runs of a rule with this rate_limit key since a time, those that were skipped left out.
func (t *Tx) CountRuns(rule, rateKey string, since time.Time) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM runs WHERE rule = ? AND rate_key = ? AND created_at > ?
		AND created_at <= ? AND state <> 'skipped'`, rule, rateKey, micros(since), t.latest()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count runs of rule %s: %w", rule, err)
	}
	return n, nil
}

// latest is the latest time at which something can have happened. What lies after it was written before the clock was set
// back, and would count for far too long.
func (t *Tx) latest() int64 { return micros(t.now.Add(clockAhead)) }

// CountRepoRuns counts the runs of a rule on a repository since a time, those that were skipped left out.
func (t *Tx) CountRepoRuns(rule, repoID string, since time.Time) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM runs WHERE rule = ? AND repo_id = ? AND created_at > ?
		AND created_at <= ? AND state <> 'skipped'`, rule, repoID, micros(since), t.latest()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count runs of rule %s: %w", rule, err)
	}
	return n, nil
}
