package store

import (
	"database/sql"
	"errors"
	"fmt"
)

// DeliveryWithID finds the delivery that came with a Webhook-Id. It is for those that are seldom there: see [Store.InTx] about
// guesses.
func (t *Tx) DeliveryWithID(webhookID string) (id string, found bool, err error) {
	found, err = t.unlikely(true, func(one row) (bool, error) {
		err := one.Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		return true, err
	}, `SELECT id FROM deliveries WHERE key = ? ORDER BY id LIMIT 1`, "id:"+webhookID)
	if err != nil {
		return "", false, fmt.Errorf("store: look for the delivery %s: %w", webhookID, err)
	}
	return id, found, nil
}

// Undecided tells whether a delivery is Received, and keeps it so until the transaction ends, for others.
func (t *Tx) Undecided(deliveryID string) (bool, error) {
	var state DeliveryState
	err := t.tx.QueryRowContext(t.ctx, `SELECT state FROM deliveries WHERE id = ?`+t.store.dialect.forUpdate, deliveryID).Scan(&state)
	if err != nil {
		return false, fmt.Errorf("store: look up the state of delivery %s: %w", deliveryID, err)
	}
	return state == Received, nil
}

// Delivery is like [Store.Delivery], without the ids of its runs.
func (t *Tx) Delivery(id string) (*Delivery, error) { return findDelivery(t.ctx, t.tx, id) }
