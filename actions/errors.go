package actions

import (
	"errors"
	"fmt"
	"time"
)

// ErrCancelled is the cause of a step's context (context.Cause) that ended because its run was cancelled, by a person or a
// newer run. Of other ends, such as the bot's own, the step will be taken up again.
var ErrCancelled = errors.New("the run was cancelled")

// permanent is the mark of Permanent.
type permanent struct{ error }

// Unwrap gives the marked error to errors.Is and errors.As.
func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that no retry can mend. It returns nil for a nil error.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// Permanentf is Permanent of fmt.Errorf.
func Permanentf(format string, args ...any) error { return permanent{fmt.Errorf(format, args...)} }

// IsPermanent tells whether err was marked by Permanent.
func IsPermanent(err error) bool { return errors.As(err, new(permanent)) }

// retryAfter is the mark of RetryAfter.
type retryAfter struct {
	error
	after time.Duration
}

// Unwrap gives the marked error to errors.Is and errors.As.
func (r retryAfter) Unwrap() error { return r.error }

// RetryAfter marks an error that should be retried not sooner than d. An action marks an error so only when it knows
// that the failed call had no effect; the step may then be tried again even if the action is not idempotent.
// It returns nil for a nil error.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return retryAfter{err, d}
}

// RetryDelay returns the delay that RetryAfter set.
func RetryDelay(err error) (time.Duration, bool) {
	var r retryAfter
	if errors.As(err, &r) {
		return r.after, true
	}
	return 0, false
}
