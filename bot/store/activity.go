package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Activity is what happened in a span of time.
type Activity struct {
	Deliveries int64
	Runs       map[RunState]int64 // those that ended in the span
	Median     time.Duration      // from when those runs were due to their first step; zero when there is none
	Slow       time.Duration      // the same for the slowest twentieth
}

// Activity counts what happened from a time on, up to and without another.
func (s *Store) Activity(ctx context.Context, from, to time.Time) (Activity, error) {
	a, span := Activity{Runs: map[RunState]int64{}}, []any{micros(from), micros(to)}
	err := s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM deliveries WHERE received_at >= ? AND received_at < ?`,
		span...).Scan(&a.Deliveries)
	if err != nil {
		return Activity{}, fmt.Errorf("store: count deliveries: %w", err)
	}
	err = s.count(ctx, `SELECT state, COUNT(*), 0 FROM runs WHERE finished_at > 0 AND finished_at >= ? AND finished_at < ?
		GROUP BY state`, func(state string, n, _ int64) { a.Runs[RunState(state)] = n }, span...)
	if err != nil {
		return Activity{}, err
	}
	a.Median, a.Slow, err = s.waits(ctx, span)
	return a, err
}

// waits is how long runs that ended in a span had waited for a worker: the median and the 95th percentile. A run that
// was retried was due again after its first step and does not count.
func (s *Store) waits(ctx context.Context, span []any) (median, slow time.Duration, err error) {
	const begun = ` FROM runs WHERE finished_at > 0 AND finished_at >= ? AND finished_at < ? AND started_at >= ticketed_at`
	var n int64
	if err := s.reader.QueryRowContext(ctx, `SELECT COUNT(*)`+begun, span...).Scan(&n); err != nil {
		return 0, 0, fmt.Errorf("store: measure waits: %w", err)
	}
	at := func(rank int64) (time.Duration, error) {
		var wait int64
		err := s.reader.QueryRowContext(ctx, `SELECT started_at - ticketed_at AS wait`+begun+` ORDER BY wait LIMIT 1 OFFSET ?`,
			append(span, rank)...).Scan(&wait)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		}
		return time.Duration(wait) * time.Microsecond, err
	}
	if median, err = at(n / 2); err == nil {
		slow, err = at(n * 95 / 100)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("store: measure waits: %w", err)
	}
	return median, slow, nil
}

// Backlog is what is not done yet.
type Backlog struct {
	Runs   map[RunState]int64 // queued, waiting and running
	Oldest time.Time          // since when the oldest queued run is due; zero when none is
}

// Backlog counts what is not done yet.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	b := Backlog{Runs: map[RunState]int64{}}
	err := s.count(ctx, `SELECT state, COUNT(*), MIN(ticketed_at) FROM runs WHERE state IN ('queued', 'waiting', 'running')
		GROUP BY state`, func(state string, n, oldest int64) {
		b.Runs[RunState(state)] = n
		if state == string(Queued) {
			b.Oldest = fromMicros(oldest)
		}
	})
	return b, err
}

// Triggers counts the deliveries by webhook, from a time on. Replays do not count, and what names no webhook is under "".
func (s *Store) Triggers(ctx context.Context, since time.Time) (map[string]int64, error) {
	triggers := map[string]int64{}
	err := s.count(ctx, `SELECT hook, COUNT(*), 0 FROM deliveries WHERE received_at >= ? GROUP BY hook`,
		func(hook string, n, _ int64) { triggers[hook] = n }, micros(since))
	return triggers, err
}

// VerdictCounts counts verdicts by rule and verdict, for deliveries from a time on; not_matched is not counted.
func (s *Store) VerdictCounts(ctx context.Context, since time.Time) (map[string]map[string]int64, error) {
	counts := map[string]map[string]int64{}
	rows, err := s.reader.QueryContext(ctx, `SELECT rule, verdict, COUNT(*) FROM verdicts WHERE delivery_id >= ?
		GROUP BY rule, verdict`, idFrom(since))
	if err != nil {
		return nil, fmt.Errorf("store: count verdicts: %w", err)
	}
	_, err = collect(rows, func(rows row) (struct{}, error) {
		var rule, verdict string
		var n int64
		err := rows.Scan(&rule, &verdict, &n)
		if counts[rule] == nil {
			counts[rule] = map[string]int64{}
		}
		counts[rule][verdict] = n
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: count verdicts: %w", err)
	}
	return counts, nil
}

// idFrom is not after any UUIDv7 made at a time or later: they begin with the milliseconds since 1970.
func idFrom(t time.Time) string {
	digits := fmt.Sprintf("%012x", max(t.UnixMilli(), 0))
	return digits[:8] + "-" + digits[8:]
}
