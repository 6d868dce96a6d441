package run

import (
	"errors"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
)

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	err := errors.New("busy")
	rule := store.Retry{Max: 3, Backoff: 5 * time.Second, Factor: 2}
	flat := store.Retry{Max: 9, Backoff: time.Second}
	steep := store.Retry{Max: 999, Backoff: time.Second, Factor: 10}
	year := actions.RetryAfter(8760*time.Hour, err)
	for name, c := range map[string]struct {
		err      error
		retry    store.Retry
		failures int
		from, to time.Duration // both 0: not tried again
		again    bool
	}{
		"first":                      {err, rule, 1, 4 * time.Second, 6 * time.Second, true},
		"second":                     {err, rule, 2, 8 * time.Second, 12 * time.Second, true},
		"third":                      {err, rule, 3, 16 * time.Second, 24 * time.Second, true},
		"after max":                  {err, rule, 4, 0, 0, false},
		"permanent":                  {actions.Permanent(err), rule, 1, 0, 0, false},
		"asked for longer":           {actions.RetryAfter(time.Minute, err), rule, 1, time.Minute, 72 * time.Second, true},
		"asked for shorter":          {actions.RetryAfter(time.Second, err), rule, 1, 4 * time.Second, 6 * time.Second, true},
		"asked for a year":           {year, rule, 1, 24 * time.Hour, 29 * time.Hour, true},
		"no factor":                  {err, flat, 9, 800 * time.Millisecond, 1200 * time.Millisecond, true},
		"does not grow without end":  {err, steep, 900, 48 * time.Minute, 72 * time.Minute, true},
		"no backoff":                 {err, store.Retry{Max: 1}, 1, 0, 0, true},
		"permanent wins over asking": {actions.RetryAfter(time.Second, actions.Permanent(err)), rule, 1, 0, 0, false},
	} {
		for range 20 { // the jitter is random
			delay, got := retryDelay(c.err, c.retry, c.failures)
			if got != c.again || delay < c.from || delay > c.to {
				t.Errorf("%s: %s, %t; want %t between %s and %s", name, delay, got, c.again, c.from, c.to)
				break
			}
		}
	}
}
