package store

import (
	"context"
	"fmt"
	"time"
)

// Counts is what the database holds, for metrics.
type Counts struct {
	Deliveries map[DeliveryState]int64
	Runs       map[RunState]int64
	Duplicates int64     // deliveries that came again, in all
	Oldest     time.Time // when the oldest run that is queued became due; zero when none is
}

// Counts counts deliveries and runs by state.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	c := Counts{Deliveries: map[DeliveryState]int64{}, Runs: map[RunState]int64{}}
	err := s.count(ctx, `SELECT state, COUNT(*), CAST(SUM(duplicates) AS BIGINT) FROM deliveries GROUP BY state`,
		func(state string, n, duplicates int64) {
			c.Deliveries[DeliveryState(state)] = n
			c.Duplicates += duplicates
		})
	if err != nil {
		return Counts{}, err
	}
	err = s.count(ctx, `SELECT state, COUNT(*), CASE WHEN state = 'queued' THEN MIN(ticketed_at) ELSE 0 END
		FROM runs GROUP BY state`, func(state string, n, oldest int64) {
		c.Runs[RunState(state)] = n
		if state == string(Queued) {
			c.Oldest = fromMicros(oldest)
		}
	})
	if err != nil {
		return Counts{}, err
	}
	return c, nil
}

func (s *Store) count(
	ctx context.Context, query string, each func(state string, n, more int64), args ...any,
) error {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("store: count: %w", err)
	}
	_, err = collect(rows, func(rows row) (struct{}, error) {
		var state string
		var n, more int64
		err := rows.Scan(&state, &n, &more)
		if err == nil {
			each(state, n, more)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("store: count: %w", err)
	}
	return nil
}
