package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Replay accepts a stored delivery again, as a new one that has to be matched, and returns its id. Without again, what
// the original did counts: the idempotency keys are the same (they are made of Key and KeySalt, which are copied), and
// once_per values stay used up. With again, the copy has a salt of its own and the values that the original's runs used
// up are free.
func (s *Store) Replay(ctx context.Context, id string, again bool) (newID string, err error) {
	v7, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("store: make an id: %w", err)
	}
	err = s.InTx(ctx, func(tx *Tx) error {
		d, err := findDelivery(ctx, tx.tx, id)
		if err != nil {
			return err
		}
		d.ID, d.ReplayOf, d.Source, d.ReceivedAt = v7.String(), id, SourceReplay, tx.now
		d.State, d.Error, d.Duplicates, d.Verdicts, d.Hook, d.Traceparent = Received, "", 0, nil, "", ""
		if again {
			d.KeySalt = d.ID
			if err := tx.freeOnce(d.Key); err != nil {
				return fmt.Errorf("store: free once_per values of delivery %s: %w", id, err)
			}
		}
		if _, err := tx.exec(insertDelivery, deliveryValues(d)...); err != nil {
			return fmt.Errorf("store: replay delivery %s: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return v7.String(), nil
}
