package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// DeliveryWithID finds the delivery that came with a Webhook-Id.
func (t *Tx) DeliveryWithID(webhookID string) (id string, found bool, err error) {
	row := t.tx.QueryRowContext(t.ctx, `SELECT id FROM deliveries WHERE key = ? ORDER BY id LIMIT 1`, "id:"+webhookID)
	err = row.Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	} else if err != nil {
		return "", false, fmt.Errorf("store: look for the delivery %s: %w", webhookID, err)
	}
	return id, true, nil
}

// Delivery is like [Store.Delivery], without the ids of its runs.
func (t *Tx) Delivery(id string) (*Delivery, error) { return findDelivery(t.ctx, t.tx, id) }
