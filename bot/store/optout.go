package store

import (
	"fmt"
	"time"
)

// OptOut stops a rule, or every rule when rule is empty, for a repository, for ever; by is the name of who asked.
func (t *Tx) OptOut(rule, repoID, by string) error {
	err := t.post(`INSERT INTO optouts (rule, repo_id, by_whom, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (repo_id, rule) DO NOTHING`, rule, repoID, by, micros(t.now))
	if err != nil {
		return fmt.Errorf("store: opt out: %w", err)
	}
	return nil
}

// OptIn undoes OptOut: for one rule, or for all of the repository when rule is empty.
func (t *Tx) OptIn(rule, repoID string) error {
	err := t.post(`DELETE FROM optouts WHERE repo_id = ? AND (rule = ? OR ? = '')`, repoID, rule, rule)
	if err != nil {
		return fmt.Errorf("store: opt in: %w", err)
	}
	err = t.post(`INSERT INTO optouts (rule, repo_id, by_whom, at) VALUES (?, ?, '', ?)
		ON CONFLICT (repo_id, rule) DO UPDATE SET at = excluded.at`, startedAgain+rule, repoID, micros(t.now))
	if err != nil {
		return fmt.Errorf("store: opt in: %w", err)
	}
	return nil
}

// startedAgain stands before the rule's id in the row that says when it was started again. No id begins so.
const startedAgain = "+"

// StartedAgain is when people of the repository last started this rule or all rules again; zero when they never did.
// What they closed before that is forgiven. The answer stands in when at the latest when the transaction is over.
func (t *Tx) StartedAgain(rule, repoID string, when *time.Time) error {
	return t.ask(func(last row) error {
		var at int64
		if err := last.Scan(&at); err != nil {
			return fmt.Errorf("store: look up when a rule was started again: %w", err)
		}
		*when = fromMicros(at)
		return nil
	}, `SELECT COALESCE(MAX(at), 0) FROM optouts WHERE repo_id = ? AND rule IN (?, ?)`, repoID, startedAgain, startedAgain+rule)
}

// OptedOut tells whether the repository's people stopped this rule or all rules.
func (t *Tx) OptedOut(rule, repoID string) (bool, error) { return t.optedOut(false, rule, repoID) }

// Stopped is OptedOut for a run that is to be made, before which people seldom opted out: see [Store.InTx] about guesses.
func (t *Tx) Stopped(rule, repoID string) (bool, error) { return t.optedOut(true, rule, repoID) }

func (t *Tx) optedOut(guess bool, rule, repoID string) (bool, error) {
	out, err := t.unlikely(guess, func(found row) (bool, error) {
		var n int
		err := found.Scan(&n)
		return n > 0, err
	}, `SELECT COUNT(*) FROM optouts WHERE repo_id = ? AND rule IN ('', ?)`, repoID, rule)
	if err != nil {
		return false, fmt.Errorf("store: look up who opted out: %w", err)
	}
	return out, nil
}
