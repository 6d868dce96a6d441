package hub

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// backoff are the pauses before the second and later tries, as in the Hub's own Python client.
var backoff = []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}

// retryableStatus tells whether an answer speaks of a passing state.
func retryableStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter is the pause that an answer asks for, 0 when it does not: until the end of the rate limit's window when
// nothing is left in it, else Retry-After in seconds. Both get a second on top.
func retryAfter(resp *http.Response) time.Duration {
	if remaining, reset, ok := parseRateLimit(resp.Header); ok && remaining == 0 &&
		resp.StatusCode == http.StatusTooManyRequests {
		return reset + time.Second
	}
	seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxPause) + time.Second
}

// mayRetry tells whether a failed call may be made again. A call that is not idempotent may only when it is certain that
// it was not carried out: after a 429, when the Hub is
// busy with the same name, and when there was no connection to send it on.
func mayRetry(ctx context.Context, err error, idempotent bool) bool {
	if ctx.Err() != nil {
		return false
	}
	var answer *Error
	if errors.As(err, &answer) {
		return answer.StatusCode == http.StatusTooManyRequests || isBusy(err) || idempotent && answer.Temporary()
	}
	var refused *refusal
	var notSent *notSentError
	return (idempotent || errors.As(err, &notSent)) && !errors.As(err, &refused)
}

// Retry is a call that failed and is made again.
type Retry struct {
	Err   error         // of the last try; it names the call
	Try   int           // the number of the next one, from 2
	Tries int           // the most that are made
	Wait  time.Duration // before the next one
}

// WithRetries has a function told of each wait before a call is made again, so that somebody who waits knows for what. It
// may be called from several goroutines at the same time.
func WithRetries(tell func(Retry)) Option {
	return func(c *Client) { c.retries = tell }
}

// pause waits before try number attempt+2. It returns err itself when the context would not outlast the wait, so that
// the caller learns the reason and the time to wait.
func (c *Client) pause(ctx context.Context, attempt int, err error) error {
	wait := backoff[attempt]
	var answer *Error
	if errors.As(err, &answer) && answer.RetryAfter > 0 {
		wait = answer.RetryAfter
	}
	if !fits(ctx, wait) {
		return err
	}
	if c.retries != nil {
		c.retries(Retry{Err: err, Try: attempt + 2, Tries: len(backoff) + 1, Wait: wait})
	}
	return sleep(ctx, wait)
}
