package store

import "time"

// SetSlow sets how long Accept waits for its group.
func SetSlow(s *Store, d time.Duration) { s.slow = d }

// Line is how many callers of InTx have, or wait for, their turn on SQLite.
func Line(s *Store) int { return int(s.together.line.Load()) }

// Post runs a statement of which nobody waits for the result.
func Post(tx *Tx, query string, args ...any) error { return tx.post(query, args...) }

// Claim claims one run; the lease is nil when it is not queued.
func Claim(tx *Tx, run, owner string, until time.Time) (*Lease, *Run, error) {
	claimed, err := tx.Claim([]string{run}, owner, until)
	if err != nil || len(claimed) == 0 {
		return nil, nil, err
	}
	return claimed[0].Lease, claimed[0].Run, nil
}

// Skip ends a run that waits, as one that replaces it does.
func Skip(tx *Tx, run string) error { return tx.end(run, Skipped, "", "") }

// Ways is how often a transaction of PostgreSQL sent something to the server.
func Ways(tx *Tx) int { return tx.pipe.ways }
