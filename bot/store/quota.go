package store

import (
	"fmt"
	"strconv"
	"time"
)

// TakeQuota tells whether name may have one more, at most so many within a time, and counts it. What the same key took
// before is not counted again.
func (t *Tx) TakeQuota(name, key string, most int, per time.Duration) (bool, error) {
	ok, err := t.takeQuota(name, key, most, per)
	if err != nil {
		return false, fmt.Errorf("store: count against a quota: %w", err)
	}
	return ok, nil
}

func (t *Tx) takeQuota(name, key string, most int, per time.Duration) (bool, error) {
	if err := t.lockNames([]string{strconv.Quote("quota") + strconv.Quote(name)}); err != nil {
		return false, err
	}
	if err := t.post(`DELETE FROM quotas WHERE until <= ?`, micros(t.now)); err != nil {
		return false, err
	}
	var mine, taken int
	err := t.tx.QueryRowContext(t.ctx, `SELECT COUNT(CASE WHEN key = ? THEN 1 END), COUNT(CASE WHEN at > ? THEN 1 END)
		FROM quotas WHERE name = ?`, key, micros(t.now.Add(-per)), name).Scan(&mine, &taken)
	if err != nil || mine > 0 || taken >= most {
		return mine > 0, err
	}
	err = t.post(`INSERT INTO quotas (name, key, at, until) VALUES (?, ?, ?, ?)`,
		name, key, micros(t.now), micros(t.now.Add(per)))
	return true, err
}
