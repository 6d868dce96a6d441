package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	intakeSize = 1_024           // deliveries that may wait for the next commit; more are refused
	intakeSlow = 2 * time.Second // a sender that waits longer is better told to come again
	groupSize  = 256             // deliveries written in one commit
)

// pending is a delivery that waits to be written.
type pending struct {
	delivery Delivery
	done     chan accepted // has room for the answer, so that the writer never waits for a caller that left
}

// accepted is the answer to one Accept.
type accepted struct {
	id        string
	duplicate bool
	err       error
}

// Accept keeps a delivery durably and returns its id; or the id of the equal one already kept, and duplicate true,
// which is counted there. Deliveries are equal when their Key is: for ever if it was made of a Webhook-Id, else within
// a window. Callers that come at the same time share one transaction, and so one wait for the disk.
//
// It returns ErrBusy when too many wait already or the disk takes longer than two seconds; in the second case, and when
// ctx ends first, the delivery may still be written, and the sender's next try will be its duplicate.
func (s *Store) Accept(ctx context.Context, d Delivery) (id string, duplicate bool, err error) {
	if d.ID == "" {
		v7, err := uuid.NewV7()
		if err != nil {
			return "", false, fmt.Errorf("store: make an id: %w", err)
		}
		d.ID = v7.String()
	}
	if d.ReceivedAt.IsZero() {
		d.ReceivedAt = s.Now()
	}
	if d.State == "" {
		d.State = Received
	}
	s.accepting.Add(1)
	defer s.accepting.Add(-1)
	item := &pending{delivery: d, done: make(chan accepted, 1)}
	select {
	case <-s.closing:
		return "", false, ErrClosed
	case s.intake <- item:
	default:
		return "", false, ErrBusy
	}
	return s.await(ctx, item)
}

// await waits for the group writer's answer.
func (s *Store) await(ctx context.Context, item *pending) (string, bool, error) {
	slow := time.NewTimer(s.slow)
	defer slow.Stop()
	select {
	case a := <-item.done:
		return a.id, a.duplicate, a.err
	case <-ctx.Done():
		return "", false, ctx.Err()
	case <-slow.C:
		return "", false, ErrBusy
	case <-s.drained:
		select {
		case a := <-item.done: // written while draining
			return a.id, a.duplicate, a.err
		default:
			return "", false, ErrClosed
		}
	}
}

// writeGroups writes the deliveries that come in, as many at once as wait, until the store closes.
func (s *Store) writeGroups() {
	defer close(s.drained)
	for {
		select {
		case first := <-s.intake:
			s.writeGroup(s.gather(first))
		case <-s.closing:
			for {
				select {
				case first := <-s.intake:
					s.writeGroup(s.gather(first))
				default:
					return
				}
			}
		}
	}
}

// gather takes what waits behind first, without waiting for more.
func (s *Store) gather(first *pending) []*pending {
	group := []*pending{first}
	for len(group) < groupSize {
		select {
		case next := <-s.intake:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// writeGroup writes deliveries in one transaction and answers their callers. When that fails, each is written alone, so
// that a bad one fails no neighbour.
func (s *Store) writeGroup(group []*pending) {
	began := time.Now()
	answers, err := s.writeDeliveries(group)
	s.mu.RLock()
	grouped := s.grouped
	s.mu.RUnlock()
	if grouped != nil && err == nil {
		grouped(len(group), time.Since(began))
	}
	if err != nil && len(group) > 1 {
		for _, item := range group {
			s.writeGroup([]*pending{item})
		}
		return
	}
	s.mu.Lock()
	s.refused, s.refusedAt = err, time.Now()
	s.mu.Unlock()
	for i, item := range group {
		if err != nil {
			item.done <- accepted{err: fmt.Errorf("store: keep the delivery: %w", err)}
			continue
		}
		item.done <- answers[i]
	}
}

func (s *Store) writeDeliveries(group []*pending) ([]accepted, error) {
	// The callers' contexts do not reach here: a caller that hangs up must not take its delivery, or the others', along.
	ctx := context.Background()
	var answers []accepted
	if err := s.inPlace(); err != nil {
		return nil, err
	}
	err := s.InTx(ctx, func(tx *Tx) (err error) {
		if tx.pipe != nil {
			answers, err = tx.acceptTogether(group)
		} else {
			answers, err = tx.acceptEach(group)
		}
		return err
	})
	return answers, err
}

const (
	// claimKey makes a delivery the one that its key stands for, and gives its id, unless an equal one came before.
	claimKey = `INSERT INTO dedupe (key, delivery_id, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET delivery_id = excluded.delivery_id, expires_at = excluded.expires_at
		WHERE dedupe.expires_at > 0 AND (dedupe.expires_at <= ? OR dedupe.expires_at > ?)
		RETURNING delivery_id`
	findKey        = `SELECT delivery_id FROM dedupe WHERE key = ?`
	countDuplicate = `UPDATE deliveries SET duplicates = duplicates + 1 WHERE id = ?`
)

// claim is the arguments of claimKey for a delivery. A key made of a Webhook-Id never expires; another one that expires
// later than any could that came now is from before the clock was set back.
func (s *Store) claim(d *Delivery) []any {
	var expires int64
	if d.WebhookID == "" {
		expires = micros(d.ReceivedAt.Add(dedupeWindow))
	}
	return []any{d.Key, d.ID, expires, micros(d.ReceivedAt), micros(d.ReceivedAt.Add(dedupeWindow + clockAhead))}
}

// acceptEach writes deliveries, or counts them on the equal ones that are there, one after the other.
func (t *Tx) acceptEach(group []*pending) ([]accepted, error) {
	answers := make([]accepted, len(group))
	for i, item := range group {
		d := &item.delivery
		var first string
		err := t.tx.QueryRowContext(t.ctx, claimKey, t.store.claim(d)...).Scan(&first)
		if errors.Is(err, sql.ErrNoRows) {
			err = t.tx.QueryRowContext(t.ctx, findKey, d.Key).Scan(&first)
		}
		answers[i] = accepted{id: first, duplicate: first != d.ID}
		switch {
		case err != nil:
		case first != d.ID:
			_, err = t.exec(countDuplicate, first)
		default:
			_, err = t.exec(insertDelivery, deliveryValues(d)...)
		}
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}
