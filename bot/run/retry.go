package run

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	longestBackoff = time.Hour      // backoff * factor^n grows no further
	longestAsked   = 24 * time.Hour // nor does anybody's Retry-After
	jitter         = 0.2            // of a delay, so that what failed together does not come again together
)

// retryDelay tells whether a failed step may be tried again, and after which delay. failures counts this one.
func retryDelay(err error, r store.Retry, failures int) (time.Duration, bool) {
	if actions.IsPermanent(err) || failures > r.Max {
		return 0, false
	}
	delay := backoff(r, failures)
	if asked, ok := actions.RetryDelay(err); ok {
		// Never sooner than asked, so there the jitter only adds.
		delay = max(delay, spread(min(asked, longestAsked), 0, jitter))
	}
	return delay, true
}

// backoff is the delay before the n-th try after the first: backoff * factor^(n-1), spread by the jitter.
func backoff(r store.Retry, n int) time.Duration {
	factor := max(r.Factor, 1)
	delay := float64(r.Backoff) * math.Pow(factor, float64(n-1))
	return spread(time.Duration(min(delay, float64(longestBackoff))), -jitter, jitter)
}

// spread is d, longer or shorter by a random share between from and to.
func spread(d time.Duration, from, to float64) time.Duration {
	share := from + rand.Float64()*(to-from) //nolint:gosec // a spread needs no secrecy
	return d + time.Duration(share*float64(d))
}
