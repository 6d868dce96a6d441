package actionstest

import (
	"context"
	"sync"
	"time"
)

// quotas count in memory as the bot does in its database.
type quotas struct {
	mu    sync.Mutex
	taken map[string]map[string]time.Time // when, by name and key
}

// take is actions.Runtime's Quota for a step.
func (q *quotas) take(action, key string) func(context.Context, string, int, time.Duration) (bool, error) {
	return func(_ context.Context, name string, most int, per time.Duration) (bool, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		name = action + " " + name
		if _, mine := q.taken[name][key]; mine {
			return true, nil
		}
		recent := 0
		for _, at := range q.taken[name] {
			if time.Since(at) < per {
				recent++
			}
		}
		if recent >= most {
			return false, nil
		}
		if q.taken == nil {
			q.taken = map[string]map[string]time.Time{}
		}
		if q.taken[name] == nil {
			q.taken[name] = map[string]time.Time{}
		}
		q.taken[name][key] = time.Now()
		return true, nil
	}
}
