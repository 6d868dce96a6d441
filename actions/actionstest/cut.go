package actionstest

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// errCutOff is why a context ends in the middle of a step.
var errCutOff = errors.New("actionstest: the step is cut off")

// cutter carries calls to the Hub. After a number of them it loses the answer and cancels the step.
type cutter struct {
	after  int
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	calls int
}

// RoundTrip implements http.RoundTripper.
func (c *cutter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.calls++
	last := c.calls >= c.after
	c.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if !last || err != nil {
		return resp, err
	}
	err = resp.Body.Close()
	c.cancel(errCutOff)
	return nil, errors.Join(errCutOff, context.Canceled, err)
}

// watched carries calls to other services and counts those that may change something there.
type watched struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls []string // method and address, without a query
}

// RoundTrip implements http.RoundTripper.
func (w *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.mu.Lock()
		w.calls = append(w.calls, req.Method+" "+req.URL.Scheme+"://"+req.URL.Host+req.URL.Path)
		w.mu.Unlock()
	}
	return w.next.RoundTrip(req)
}

// writes is what was called so far.
func (w *watched) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.calls...)
}
