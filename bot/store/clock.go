package store

import (
	"context"
	"fmt"
	"time"
)

// The clock of a store is the database's, or on SQLite this machine's, but it goes on by the machine's monotonic clock
// from one call of SetClock to the next. So a clock that is set while the bot runs shows in one place, SetClock, which
// remembers it. What was written by the clock as it was before is told by times that lie in the future.

const (
	// clockStep is how far a clock may be off before it counts as set.
	clockStep = 2 * time.Second
	// clockAhead is how far in the future a time may lie that somebody wrote as the present one: instances' clocks differ a
	// little. One further ahead was written before the clock was set back.
	clockAhead = time.Minute
)

// SetClock makes the store go by the database's clock, so that instances whose own clocks differ, or are set while they
// run, agree about when a lease ends. It returns by how much that clock was set since the last call, 0 when it was not.
func (s *Store) SetClock(ctx context.Context) (by time.Duration, err error) {
	asked := time.Now()
	says, err := s.askTime(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for the time: %w", err)
	}
	answered := time.Now()
	took := answered.Sub(asked)
	says = says.Round(0).Add(took / 2) // without its monotonic reading, which would hide that the clock was set
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.clockAt.IsZero() {
		if off := says.Sub(s.clockSays.Add(answered.Sub(s.clockAt))); off.Abs() > clockStep+took {
			s.clockSet, by = answered, off
		}
	}
	s.clockAt, s.clockSays = answered, says
	return by, nil
}

// askTime asks whoever keeps the time.
func (s *Store) askTime(ctx context.Context) (now time.Time, err error) {
	switch {
	case s.source != nil:
		return s.source(), nil
	case s.pool == nil:
		return time.Now(), nil
	}
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, err
}

// ClockWasSet tells whether SetClock found, within the given time, that the clock had been set.
func (s *Store) ClockWasSet(within time.Duration) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.clockSet.IsZero() && time.Since(s.clockSet) < within
}

// TestClock is the clock that a test has given, for the queue to go by as well; nil when there is none.
func (s *Store) TestClock() func() time.Time { return s.source }

// Now is the time by which leases and waits are counted: on PostgreSQL the database's, so that all instances agree.
func (s *Store) Now() time.Time {
	if s.read != nil {
		return s.read()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.clockSays.Add(time.Since(s.clockAt))
}
