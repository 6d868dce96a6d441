package store

import (
	"context"
	"fmt"
	"strings"
)

// Deliveries returns a page of deliveries, newest first, without bodies and explanations.
func (s *Store) Deliveries(ctx context.Context, f Filter) ([]Delivery, error) {
	page, _, err := s.DeliveryPage(ctx, f)
	return page, err
}

// DeliveryPage is [Store.Deliveries] with the id to give as Before for the page that follows; empty at the end. A page
// that is not full, or empty, may be followed by another: a filter looks through a bounded number of rows at a time.
func (s *Store) DeliveryPage(ctx context.Context, f Filter) (page []Delivery, next string, err error) {
	c := f.deliveries()
	floor, err := c.page(ctx, s.reader, "deliveries", f.Before)
	if err != nil {
		return nil, "", fmt.Errorf("store: list deliveries: %w", err)
	}
	where, args := c.sql()
	page, err = s.listDeliveries(ctx, where+` ORDER BY id DESC LIMIT ?`, append(args, f.limit())...)
	if err != nil {
		return nil, "", err
	}
	next = following(page, f.limit(), floor, func(d Delivery) string { return d.ID })
	return page, next, s.addRuns(ctx, page)
}

// deliveries is the filter as SQL.
func (f Filter) deliveries() *conditions {
	c := new(conditions)
	c.equal("state", f.State)
	c.equal("repo", f.Repo)
	c.contains(f.Text, "repo", "webhook_id")
	f.verdicts(c)
	return c
}

// verdicts adds the filters that the table of verdicts answers. Alone they are led by an index of that table, as far as
// one page needs it; with others, each row is asked.
func (f Filter) verdicts(c *conditions) {
	var v conditions
	v.equal("rule", f.Rule)
	v.equal("verdict", f.Verdict)
	const some = `EXISTS (SELECT 1 FROM verdicts v WHERE v.delivery_id = deliveries.id`
	switch {
	case f.Verdict == "not_matched" && f.Rule == "":
		c.loose = true
		c.add(`state = ? AND NOT `+some+`)`, string(Matched))
	case f.Verdict == "not_matched":
		c.loose = true
		c.add(`state = ? AND NOT `+some+` AND v.rule = ?)`, string(Matched), f.Rule)
	case len(v.texts) == 0:
	case len(c.texts) == 0:
		if f.Before != "" {
			v.add("delivery_id < ?", f.Before)
		}
		where, args := v.sql()
		c.add(`id IN (SELECT DISTINCT delivery_id FROM verdicts `+where+` ORDER BY delivery_id DESC LIMIT ?)`,
			append(args, f.limit())...)
	case f.Rule == "":
		c.add(some+` AND v.verdict = ?)`, f.Verdict)
	case f.Verdict == "":
		c.add(some+` AND v.rule = ?)`, f.Rule)
	default:
		c.add(some+` AND v.rule = ? AND v.verdict = ?)`, f.Rule, f.Verdict)
	}
}

// PublicDeliveries returns the newest matched deliveries of public repositories, newest first. A repository whose latest
// delivery does not say that it is public is left out: it may have become private.
func (s *Store) PublicDeliveries(ctx context.Context, limit int) ([]Delivery, error) {
	var c conditions
	c.loose = true
	c.add(`is_public = 1 AND state = ? AND NOT EXISTS (SELECT 1 FROM deliveries later WHERE later.repo = deliveries.repo
		AND later.id > deliveries.id AND later.is_public = 0)`, string(Matched))
	if _, err := c.page(ctx, s.reader, "deliveries", ""); err != nil {
		return nil, fmt.Errorf("store: list public deliveries: %w", err)
	}
	where, args := c.sql()
	return s.listDeliveries(ctx, where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
}

// RunsOf returns the runs of deliveries by delivery, oldest first, with id, rule and state only.
func (s *Store) RunsOf(ctx context.Context, deliveries []Delivery) (map[string][]Run, error) {
	runs := map[string][]Run{}
	if len(deliveries) == 0 {
		return runs, nil
	}
	args := make([]any, len(deliveries))
	for i, d := range deliveries {
		args[i] = d.ID
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT delivery_id, id, rule, state FROM runs WHERE delivery_id IN (?`+
		strings.Repeat(", ?", len(args)-1)+`) ORDER BY id`, args...)
	if err != nil {
		return nil, fmt.Errorf("store: list runs of deliveries: %w", err)
	}
	_, err = collect(rows, func(rows row) (struct{}, error) {
		var r Run
		err := rows.Scan(&r.DeliveryID, &r.ID, &r.Rule, &r.State)
		runs[r.DeliveryID] = append(runs[r.DeliveryID], r)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list runs of deliveries: %w", err)
	}
	return runs, nil
}
