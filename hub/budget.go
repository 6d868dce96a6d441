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

// Allowance is the calls that a token may still make. The Hub counts API calls, file downloads ("resolvers") and pages
// apart, in windows of some minutes (https://huggingface.co/docs/hub/rate-limits). All calls on one Allowance share it:
// no more of them are under way than the Hub says are left, and when none is left all wait for the next window together.
//
// A Client has an Allowance of its own unless [WithAllowance] gives it one to share with clients of the same token.
type Allowance struct {
	mu      sync.Mutex
	windows map[string]*window // by kind of call
}

// window is what the Hub last said of one kind of call.
type window struct {
	left   int       // calls that may be made until the end; those under way count
	quota  int       // of the whole window, 0 unknown
	end    time.Time // zero: the Hub has not said anything, or the window is over
	flying int       // calls under way
	news   chan struct{}
}

// NewAllowance makes an allowance for several clients with one token.
func NewAllowance() *Allowance { return &Allowance{windows: map[string]*window{}} }

// WithAllowance has the client share an allowance with other clients of the same token.
func WithAllowance(allowance *Allowance) Option {
	return func(c *Client) { c.budget = allowance }
}

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

func (b *Allowance) window(kind string) *window {
	w := b.windows[kind]
	if w == nil {
		w = &window{news: make(chan struct{})}
		b.windows[kind] = w
	}
	return w
}

// note takes the answer's word on the budget of its kind of call. The window must be over for certain, hence a second
// on top. Answers overtake each other, so within a window the lowest number counts.
func (b *Allowance) note(kind string, header http.Header) {
	remaining, reset, ok := parseRateLimit(header)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.window(kind)
	now := time.Now()
	end := now.Add(reset + time.Second)
	// The Hub gives whole seconds, so ends of one window differ by a second, and a little for the way.
	if same := now.Before(w.end) && end.Sub(w.end).Abs() < 5*time.Second; same {
		remaining = min(remaining, w.left)
	}
	w.left, w.end = remaining, end
	if quota := parseQuota(header); quota > 0 {
		w.quota = quota
	}
}

// take waits until a call of a kind may be made, and counts it as under way until give. When the context would end
// first, it returns at once with the time that it would have taken.
func (b *Allowance) take(ctx context.Context, kind string) (time.Duration, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		wait, news := b.try(kind)
		if wait <= 0 {
			return 0, nil
		}
		if !fits(ctx, wait) && news == nil {
			return wait, context.DeadlineExceeded
		}
		if err := sleepUntil(ctx, wait, news); err != nil {
			return 0, err
		}
	}
}

// try takes a call if there is one; else it says how long to wait, and what to wait for besides: calls under way may
// bring news, as the window may be another by now.
func (b *Allowance) try(kind string) (time.Duration, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.window(kind)
	wait := time.Until(w.end)
	switch {
	case wait <= 0 && (w.quota == 0 || w.flying < w.quota), wait > 0 && w.left > w.flying:
		w.flying++
		return 0, nil
	case wait <= 0: // a new window, of which the calls under way will bring news
		return maxPause, w.news
	case w.flying > 0 && w.left > 0:
		return wait, w.news
	default:
		return wait, nil
	}
}

// give ends a call.
func (b *Allowance) give(kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.window(kind)
	w.flying--
	close(w.news)
	w.news = make(chan struct{})
}

// fits tells whether the context lasts longer than d.
func fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error { return sleepUntil(ctx, d, nil) }

// sleepUntil waits for d, for news or for the end of the context.
func sleepUntil(ctx context.Context, d time.Duration, news <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	case <-news:
		return nil
	}
}
