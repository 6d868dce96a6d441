package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// KeptRules are a rule file of the Hub as it was last in force.
type KeptRules struct {
	Address string // hf://…
	SHA     string // the commit it is of
	Content string
	At      time.Time // when it was kept
}

// KeepRules keeps rule files in the place of what was kept of the same addresses.
func (s *Store) KeepRules(ctx context.Context, files []KeptRules) error {
	return s.InTx(ctx, func(tx *Tx) error {
		for _, f := range files {
			_, err := tx.exec(`INSERT INTO kept_rules (address, sha, content, at) VALUES (?, ?, ?, ?)
				ON CONFLICT (address) DO UPDATE SET sha = excluded.sha, content = excluded.content, at = excluded.at`,
				f.Address, f.SHA, f.Content, micros(tx.now))
			if err != nil {
				return fmt.Errorf("store: keep the rules of %s: %w", f.Address, err)
			}
		}
		return nil
	})
}

// KeptRules is what was kept of an address. There is an [ErrNotFound] when nothing was.
func (s *Store) KeptRules(ctx context.Context, address string) (KeptRules, error) {
	k := KeptRules{Address: address}
	var at int64
	err := s.reader.QueryRowContext(ctx, `SELECT sha, content, at FROM kept_rules WHERE address = ?`, address).
		Scan(&k.SHA, &k.Content, &at)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return KeptRules{}, fmt.Errorf("store: the kept rules of %s: %w", address, err)
	}
	k.At = fromMicros(at)
	return k, nil
}
