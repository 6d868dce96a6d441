package store

import (
	"context"
	"fmt"
	"strings"
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
			answers, err = tx.acceptHere(group)
		}
		return err
	})
	return answers, err
}

const (
	// claimKeys makes deliveries those that their keys stand for, except where an equal one came before. A key made of a
	// Webhook-Id never expires, which 0 says; another one that expires later than any could that came now is from before
	// the clock was set back.
	claimKeys = `INTO dedupe (key, delivery_id, expires_at) VALUES `
	claimRow  = `(?, ?, ?)`
	claimOver = ` ON CONFLICT (key) DO UPDATE SET delivery_id = excluded.delivery_id, expires_at = excluded.expires_at
		WHERE dedupe.expires_at > 0 AND (dedupe.expires_at <= excluded.expires_at - ? OR dedupe.expires_at > excluded.expires_at + ?)`
	findKey        = `SELECT delivery_id FROM dedupe WHERE key = ?`
	countDuplicate = `UPDATE deliveries SET duplicates = duplicates + 1 WHERE id = ?`
)

// claim is the values of claimRow for a delivery.
func claim(d *Delivery) []any {
	var expires int64
	if d.WebhookID == "" {
		expires = micros(d.ReceivedAt.Add(dedupeWindow))
	}
	return []any{d.Key, d.ID, expires}
}

// claimBounds are the arguments of claimOver.
func claimBounds() []any { return []any{dedupeWindow.Microseconds(), clockAhead.Microseconds()} }

// manyRows is the most rows that one statement writes, and someRows what it writes of fewer: two lengths, so that there
// are few statements to keep prepared.
const manyRows, someRows = 32, 8

// insertOrFail begins a statement of SQLite that writes many rows and, when one cannot be written, leaves those before it:
// the transaction is undone then anyway. To undo the statement alone, SQLite would keep a copy of each page that it changes.
const insertOrFail = "INSERT OR FAIL "

// inRows calls write for parts of a list that one statement each is to write.
func inRows[T any](list []T, write func(part []T) error) error {
	for len(list) > 0 {
		n := 1
		if len(list) >= manyRows {
			n = manyRows
		} else if len(list) >= someRows {
			n = someRows
		}
		if err := write(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// times is n rows of values.
func times(row string, n int) string { return row + strings.Repeat(", "+row, n-1) }

// acceptHere writes deliveries on SQLite, or counts them on the equal ones that are there, with many in each statement.
func (t *Tx) acceptHere(group []*pending) ([]accepted, error) {
	answers := make([]accepted, 0, len(group))
	err := inRows(group, func(part []*pending) error {
		firsts, err := t.claimHere(part)
		for i, first := range firsts {
			answers = append(answers, accepted{id: first, duplicate: first != part[i].delivery.ID})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	fresh := make([]*Delivery, 0, len(group))
	for i, item := range group {
		if !answers[i].duplicate {
			fresh = append(fresh, &item.delivery)
		}
	}
	err = inRows(fresh, func(part []*Delivery) error {
		args := make([]any, 0, len(part)*strings.Count(deliveryRow, "?"))
		for _, d := range part {
			args = append(args, deliveryValues(d)...)
		}
		_, err := t.exec(insertOrFail+intoDeliveries+times(deliveryRow, len(part)), args...)
		return err
	})
	if err != nil || len(fresh) == len(group) {
		return answers, err
	}
	for _, a := range answers {
		if a.duplicate {
			if _, err := t.exec(countDuplicate, a.id); err != nil {
				return nil, err
			}
		}
	}
	return answers, nil
}

// claimHere returns, for each delivery, the id of the one that its key stands for.
func (t *Tx) claimHere(group []*pending) ([]string, error) {
	firsts, args := make([]string, len(group)), make([]any, 0, 3*len(group)+2)
	for i, item := range group {
		firsts[i] = item.delivery.ID
		args = append(args, claim(&item.delivery)...)
	}
	n, err := t.exec(insertOrFail+claimKeys+times(claimRow, len(group))+claimOver, append(args, claimBounds()...)...)
	if err != nil || n == int64(len(group)) {
		return firsts, err
	}
	for i, item := range group { // an equal one came before, or two of these are equal
		if err := t.tx.QueryRowContext(t.ctx, findKey, item.delivery.Key).Scan(&firsts[i]); err != nil {
			return nil, err
		}
	}
	return firsts, nil
}
