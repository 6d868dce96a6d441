package hub

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// maxPause bounds what a rate limit header may ask for. The Hub's windows last 5 minutes.
const maxPause = time.Hour

// budget holds all calls of a client back while the Hub says that none is left in the present window. The Hub counts
// API calls, file downloads ("resolvers") and pages apart (https://huggingface.co/docs/hub/rate-limits).
type budget struct {
	mu    sync.Mutex
	until map[string]time.Time // by kind of call
	said  map[string]Budget    // by kind of call
}

func newBudget() *budget { return &budget{until: map[string]time.Time{}, said: map[string]Budget{}} }

// rateLimit is the header RateLimit: `"api";r=0;t=120`.
var rateLimit = regexp.MustCompile(`"(\w+)"\s*;\s*r\s*=\s*(\d{1,9})\s*;\s*t\s*=\s*(\d{1,9})`)

// parseRateLimit reads how many calls are left and for how long; ok is false without the header.
func parseRateLimit(header http.Header) (remaining int, reset time.Duration, ok bool) {
	found := rateLimit.FindStringSubmatch(header.Get("RateLimit"))
	if found == nil {
		return 0, 0, false
	}
	remaining, _ = strconv.Atoi(found[2])
	seconds, _ := strconv.Atoi(found[3])
	return remaining, min(time.Duration(seconds)*time.Second, maxPause), true
}

// note takes the answer's word on the budget of its kind of call. The window must be over for certain, hence a second
// on top.
func (b *budget) note(kind string, header http.Header) {
	remaining, reset, ok := parseRateLimit(header)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said[kind] = Budget{Kind: kind, Remaining: remaining, Quota: parseQuota(header), ResetAt: time.Now().Add(reset)}
	if remaining > 0 {
		return
	}
	b.until[kind] = time.Now().Add(reset + time.Second)
}

// left is how long calls of a kind must still wait.
func (b *budget) left(kind string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Until(b.until[kind])
}

// wait waits until calls of a kind may go on. When the context would end first, it returns at once with the time that
// it would have taken.
func (b *budget) wait(ctx context.Context, kind string) (time.Duration, error) {
	for {
		left := b.left(kind)
		if left <= 0 {
			return 0, ctx.Err()
		}
		if !fits(ctx, left) {
			return left, context.DeadlineExceeded
		}
		if err := sleep(ctx, left); err != nil {
			return 0, err
		}
	}
}

// fits tells whether the context lasts longer than d.
func fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
