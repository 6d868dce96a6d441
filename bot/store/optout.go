package store

import (
	"fmt"
	"time"
)

// OptOut stops a rule, or every rule when rule is empty, for a repository, for ever; by is the name of who asked.
func (t *Tx) OptOut(rule, repoID, by string) error {
	_, err := t.exec(`INSERT INTO optouts (rule, repo_id, by_whom, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (repo_id, rule) DO NOTHING`, rule, repoID, by, micros(t.now))
	if err != nil {
		return fmt.Errorf("store: opt out: %w", err)
	}
	return nil
}

// OptIn undoes OptOut: for one rule, or for all of the repository when rule is empty.
func (t *Tx) OptIn(rule, repoID string) error {
	_, err := t.exec(`DELETE FROM optouts WHERE repo_id = ? AND (rule = ? OR ? = '')`, repoID, rule, rule)
	if err != nil {
		return fmt.Errorf("store: opt in: %w", err)
	}
	_, err = t.exec(`INSERT INTO optouts (rule, repo_id, by_whom, at) VALUES (?, ?, '', ?)
		ON CONFLICT (repo_id, rule) DO UPDATE SET at = excluded.at`, startedAgain+rule, repoID, micros(t.now))
	if err != nil {
		return fmt.Errorf("store: opt in: %w", err)
	}
	return nil
}

// startedAgain stands before the rule's id in the row that says when it was started again. No id begins so.
const startedAgain = "+"

// StartedAgain is when people of the repository last started this rule or all rules again; zero when they never did.
// What they closed before that is forgiven.
func (t *Tx) StartedAgain(rule, repoID string) (time.Time, error) {
	var at int64
	err := t.tx.QueryRowContext(t.ctx, `SELECT COALESCE(MAX(at), 0) FROM optouts WHERE repo_id = ? AND rule IN (?, ?)`,
		repoID, startedAgain, startedAgain+rule).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("store: look up when a rule was started again: %w", err)
	}
	return fromMicros(at), nil
}

// OptedOut tells whether the repository's people stopped this rule or all rules.
func (t *Tx) OptedOut(rule, repoID string) (bool, error) {
	var n int
	err := t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM optouts WHERE repo_id = ? AND rule IN ('', ?)`,
		repoID, rule).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("store: look up who opted out: %w", err)
	}
	return n > 0, nil
}
