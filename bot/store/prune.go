package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// PruneBatch is the most that one call of [Store.Prune] removes, so that it keeps nobody waiting for long.
const PruneBatch = 100

// isOver is of a delivery that is matched and has no run that still goes on.
const isOver = `state <> 'received' AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.delivery_id = deliveries.id
	AND runs.state IN ('queued', 'waiting', 'running'))`

// OldestOver tells when the oldest delivery came in that Prune may remove; the zero time for none.
func (s *Store) OldestOver(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.reader.QueryRowContext(ctx, `SELECT received_at FROM deliveries WHERE `+isOver+` ORDER BY id LIMIT 1`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("store: look for the oldest delivery: %w", err)
	}
	return fromMicros(at), nil
}

// Prune removes the oldest deliveries with all that came of them: those from before a time (zero: none for their age) and
// those beyond the newest keep (0: none for their number), but none that is unmatched or has a run that is not over. What
// must be known for ever stays: values of once_per, what the bot did itself, who opted out. It returns how many it
// removed, at most a batch; call it again until that is fewer than [PruneBatch].
func (s *Store) Prune(ctx context.Context, before time.Time, keep int) (int, error) {
	limit := ""
	if !before.IsZero() {
		limit = idFrom(before)
	}
	if keep > 0 {
		var beyond string
		err := s.reader.QueryRowContext(ctx, `SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 OFFSET ?`, keep-1).
			Scan(&beyond)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, fmt.Errorf("store: look for deliveries beyond the newest %d: %w", keep, err)
		}
		limit = max(limit, beyond)
	}
	if limit == "" {
		return 0, nil
	}
	var removed int
	err := s.InTx(ctx, func(tx *Tx) error {
		old, err := tx.queryIDs(`SELECT id FROM deliveries WHERE id < ? AND `+isOver+` ORDER BY id LIMIT ?`+
			s.dialect.skipLocked, limit, PruneBatch)
		if err != nil {
			return fmt.Errorf("store: look for old deliveries: %w", err)
		}
		removed = len(old)
		return tx.remove(old)
	})
	return removed, err
}

// remove deletes deliveries and what came of them.
func (t *Tx) remove(deliveries []string) error {
	if len(deliveries) == 0 {
		return nil
	}
	ids := make([]any, len(deliveries))
	for i, id := range deliveries {
		ids[i] = id
	}
	these := `(?` + strings.Repeat(", ?", len(ids)-1) + `)`
	runs := `(SELECT id FROM runs WHERE delivery_id IN ` + these + `)`
	for _, statement := range []string{
		`DELETE FROM attempts WHERE run_id IN ` + runs,
		`DELETE FROM logs WHERE run_id IN ` + runs,
		`DELETE FROM progress WHERE run_id IN ` + runs,
		`DELETE FROM steps WHERE run_id IN ` + runs,
		// What a closed breaker has seen; without any run left it begins anew.
		`DELETE FROM breakers WHERE until = 0 AND (rule, repo_id) IN (SELECT rule, repo_id FROM runs WHERE delivery_id IN ` + these + `)
			AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.rule = breakers.rule AND runs.repo_id = breakers.repo_id
			AND delivery_id NOT IN ` + these + `)`,
		`DELETE FROM runs WHERE delivery_id IN ` + these,
		`DELETE FROM verdicts WHERE delivery_id IN ` + these,
		`DELETE FROM dedupe WHERE key IN (SELECT key FROM deliveries WHERE id IN ` + these + `)
			AND delivery_id IN ` + these,
		`DELETE FROM deliveries WHERE id IN ` + these,
	} {
		args := ids
		if strings.Count(statement, "?") == 2*len(ids) {
			args = append(append([]any{}, ids...), ids...)
		}
		if _, err := t.exec(statement, append([]any{}, args...)...); err != nil {
			return fmt.Errorf("store: remove old deliveries: %w", err)
		}
	}
	return nil
}
