package hub

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// AmbiguousError says that it is not known whether the Hub carried a write out: the call was sent, and its answer was
// lost, late, unreadable or a failure of the server's (408, 500, 502, 503, 504). To send it again may do it twice, so
// whoever retries looks first whether it was done.
//
// Writes of which a second one does nothing (setting a variable, closing a discussion, uploading content) are repeated
// by the client itself and never fail like this.
type AmbiguousError struct {
	Method string
	URL    string // without query
	Err    error  // what went wrong; an [*Error] when the Hub answered
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	return e.Err.Error() + " (it is not known whether the write took place)"
}

// Unwrap gives what went wrong.
func (e *AmbiguousError) Unwrap() error { return e.Err }

// IsAmbiguous tells whether a write failed in a way that leaves open whether it took place, see [AmbiguousError].
func IsAmbiguous(err error) bool {
	var ambiguous *AmbiguousError
	return errors.As(err, &ambiguous)
}

// notSentError is a failure to get a connection: the server saw nothing of the call.
type notSentError struct{ error }

// Unwrap gives the failure itself.
func (e *notSentError) Unwrap() error { return e.error }

// carriedOut tells whether a failed write may have been carried out all the same.
func carriedOut(err error) bool {
	var notSent *notSentError
	var refused *refusal
	var answer *Error
	switch {
	case errors.As(err, &notSent):
		return false
	case errors.As(err, &answer):
		return answer.Temporary() && answer.StatusCode != http.StatusTooManyRequests
	case errors.As(err, &refused):
		return refused.answered
	}
	return true
}

// connection watches whether a call got as far as a connection. A carrier that does not tell leaves that open.
type connection struct{ asked, got atomic.Bool }

func (c *connection) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	})
}

// missed tells whether there was none for certain.
func (c *connection) missed() bool { return c.asked.Load() && !c.got.Load() }
