package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// On SQLite one transaction writes at a time. On PostgreSQL several do, and what they decide together (who holds a
// group, which run a debounce keeps, whether a value of once_per is free, how many runs a limit has seen) is decided
// under a lock on its name. All names that a transaction needs are locked at once and in order, before any row, so that
// no two transactions wait for each other; where they do all the same, PostgreSQL ends one and InTx tries it again.

// Keys are what a run of a rule shares with other runs; empty ones with none.
type Keys struct{ Rule, Once, Debounce, Group, Rate, Breaker string }

// names are what is locked for the keys.
func (k Keys) names() (names []string) {
	for _, key := range []struct{ kind, value string }{
		{"once", k.Once}, {"debounce", k.Debounce}, {"rate", k.Rate}, {"breaker", k.Breaker},
	} {
		if key.value != "" {
			names = append(names, strconv.Quote(key.kind)+strconv.Quote(k.Rule)+strconv.Quote(key.value))
		}
	}
	if k.Group != "" {
		names = append(names, strconv.Quote("group")+strconv.Quote(k.Group)) // shared by rules
	}
	return names
}

// Lock keeps other transactions that lock any of the same keys waiting until this one ends. Call it once, before
// TakeOnce, Debounce, JoinGroup, CountRuns and Trip.
func (t *Tx) Lock(keys ...Keys) error {
	var names []string
	for _, k := range keys {
		names = append(names, k.names()...)
	}
	return t.lockNames(names)
}

// lockNames locks names, each once and in order.
func (t *Tx) lockNames(names []string) error {
	if !t.store.dialect.shared {
		return nil
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return nil
	}
	err := t.post(`SELECT pg_advisory_xact_lock(hash) FROM (SELECT hashtextextended(name, 0) AS hash
		FROM unnest(?::text[]) WITH ORDINALITY AS names (name, at) ORDER BY at) AS ordered`, names)
	if err != nil {
		return fmt.Errorf("store: lock %s: %w", strings.Join(names, ", "), err)
	}
	return nil
}

// lockLeased locks the keys of a run that is worked; its row is locked when the lease is checked.
func (t *Tx) lockLeased(l *Lease) error {
	if l.keys == nil {
		return t.lockRun(l.Run)
	}
	return t.Lock(*l.keys)
}

// lockRun locks the keys of a run, which never change, and then the run itself; a run that is not there is no error.
func (t *Tx) lockRun(run string) error {
	if !t.store.dialect.shared {
		return nil
	}
	var k Keys
	err := t.tx.QueryRowContext(t.ctx, `SELECT rule, once_key, debounce_key, group_key FROM runs WHERE id = ?`, run).
		Scan(&k.Rule, &k.Once, &k.Debounce, &k.Group)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = t.Lock(k)
	}
	if err == nil {
		err = t.post(`SELECT id FROM runs WHERE id = ?`+t.store.dialect.forUpdate, run)
	}
	if err != nil {
		return fmt.Errorf("store: lock run %s: %w", run, err)
	}
	return nil
}
