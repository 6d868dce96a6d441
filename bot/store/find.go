package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// DeliveryWithID finds the delivery that came with a Webhook-Id.
func (s *Store) DeliveryWithID(ctx context.Context, webhookID string) (id string, found bool, err error) {
	row := s.reader.QueryRowContext(ctx, `SELECT id FROM deliveries WHERE key = ? ORDER BY id LIMIT 1`, "id:"+webhookID)
	err = row.Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	} else if err != nil {
		return "", false, fmt.Errorf("store: look for the delivery %s: %w", webhookID, err)
	}
	return id, true, nil
}
