package store

import (
	"context"
	"fmt"
)

// Runs returns a page of runs, newest first, without their steps.
func (s *Store) Runs(ctx context.Context, f Filter) ([]Run, error) {
	page, _, err := s.RunPage(ctx, f)
	return page, err
}

// RunPage is [Store.Runs] with the id to give as Before for the page that follows; empty at the end. A page that is not
// full, or empty, may be followed by another: a filter looks through a bounded number of rows at a time.
func (s *Store) RunPage(ctx context.Context, f Filter) (page []Run, next string, err error) {
	var c conditions
	c.equal("delivery_id", f.Delivery)
	c.equal("rule", f.Rule)
	c.equal("state", f.State)
	c.equal("repo", f.Repo)
	c.contains(f.Text, "repo", "rule", "error")
	floor, err := c.page(ctx, s.reader, "runs", f.Before)
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	where, args := c.sql()
	rows, err := s.reader.QueryContext(ctx, readRuns+where+` ORDER BY id DESC LIMIT ?`,
		append(args, f.limit())...)
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	page, err = collect(rows, func(rows row) (Run, error) { return readRun(rows.Scan) })
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	return page, following(page, f.limit(), floor, func(r Run) string { return r.ID }), nil
}
