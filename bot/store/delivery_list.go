package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	deliverySummary = `id, webhook_id, key, key_salt, received_at, source, replay_of, scope, action, repo, repo_type,
		hook, is_public, traceparent, state, duplicates, error, verdicts`
	intoDeliveries = `INTO deliveries (` + deliverySummary + `, explanation, body) VALUES `
	deliveryRow    = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?)`
	insertDelivery = `INSERT ` + intoDeliveries + deliveryRow
)

// deliveryValues are the values for deliveryRow.
func deliveryValues(d *Delivery) []any {
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	return []any{
		d.ID, d.WebhookID, d.Key, d.KeySalt, micros(d.ReceivedAt), string(d.Source), d.ReplayOf, d.Scope, d.Action, d.Repo,
		d.RepoType, d.Hook, oneIf(d.Public), d.Traceparent, string(d.State), d.Duplicates, d.Error, body,
	}
}

// scanDelivery reads deliverySummary, and more columns into more.
func scanDelivery(scan func(...any) error, more ...any) (Delivery, error) {
	var d Delivery
	var at, public int64
	var verdicts string
	err := scan(append([]any{
		&d.ID, &d.WebhookID, &d.Key, &d.KeySalt, &at, &d.Source, &d.ReplayOf, &d.Scope, &d.Action, &d.Repo, &d.RepoType,
		&d.Hook, &public, &d.Traceparent, &d.State, &d.Duplicates, &d.Error, &verdicts,
	}, more...)...)
	if err != nil {
		return Delivery{}, err
	}
	d.ReceivedAt, d.Public = fromMicros(at), public == 1
	if verdicts != "" {
		err = json.Unmarshal([]byte(verdicts), &d.Verdicts)
	}
	return d, err
}

// Delivery returns one delivery with its body, explanation and the ids of its runs; ErrNotFound when there is none.
func (s *Store) Delivery(ctx context.Context, id string) (*Delivery, error) {
	d, err := findDelivery(ctx, s.reader, id)
	if err != nil {
		return nil, err
	}
	all := []Delivery{*d}
	if err := s.addRuns(ctx, all); err != nil {
		return nil, err
	}
	return &all[0], nil
}

func findDelivery(ctx context.Context, q querier, id string) (*Delivery, error) {
	row := q.QueryRowContext(ctx, `SELECT `+deliverySummary+`, explanation, body FROM deliveries WHERE id = ?`, id)
	d, err := scanWholeDelivery(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("delivery %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read delivery %s: %w", id, err)
	}
	return &d, nil
}

// scanWholeDelivery reads deliverySummary, explanation and body.
func scanWholeDelivery(scan func(...any) error) (Delivery, error) {
	var explanation string
	var body []byte
	d, err := scanDelivery(scan, &explanation, &body)
	d.Body = body
	if explanation != "" {
		d.Explanation = json.RawMessage(explanation)
	}
	return d, err
}

// Unmatched returns deliveries in state Received that came in by the given time, oldest first, without their bodies: those
// behind a delivery, or "" for all. Those that came in at a time to come are among them: the clock was set back.
func (s *Store) Unmatched(ctx context.Context, by time.Time, after string, limit int) ([]Delivery, error) {
	return s.listDeliveries(ctx, `WHERE state = ? AND id > ? AND (received_at <= ? OR received_at > ?) ORDER BY id LIMIT ?`,
		string(Received), after, micros(by), micros(s.Now().Add(clockAhead)), limit)
}

func (s *Store) listDeliveries(ctx context.Context, rest string, args ...any) ([]Delivery, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT `+deliverySummary+` FROM deliveries `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("store: list deliveries: %w", err)
	}
	all, err := collect(rows, func(rows row) (Delivery, error) { return scanDelivery(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("store: list deliveries: %w", err)
	}
	return all, nil
}

// addRuns fills in the ids of the runs, for all deliveries with one query.
func (s *Store) addRuns(ctx context.Context, deliveries []Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	place := make(map[string]int, len(deliveries))
	args := make([]any, len(deliveries))
	for i, d := range deliveries {
		place[d.ID], args[i] = i, d.ID
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT delivery_id, id FROM runs WHERE delivery_id IN (?`+
		strings.Repeat(", ?", len(args)-1)+`) ORDER BY id`, args...)
	if err != nil {
		return fmt.Errorf("store: list runs of deliveries: %w", err)
	}
	_, err = collect(rows, func(rows row) (struct{}, error) {
		var delivery, run string
		err := rows.Scan(&delivery, &run)
		if err == nil {
			d := &deliveries[place[delivery]]
			d.Runs = append(d.Runs, run)
		}
		return struct{}{}, err
	})
	return err
}
