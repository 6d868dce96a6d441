package run

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// spareLease is the share of a lease at its end in which a worker does not trust it any more, since clocks and the way to
// the database are not exact. Leases are renewed long before.
const spareLease = 10

// surely is until when a lease that was asked for at a time of this machine holds without doubt.
func (e *Engine) surely(asked time.Time) time.Time {
	return asked.Add(e.opts.Lease - e.opts.Lease/spareLease)
}

// over tells whether a time of this machine has passed: by the monotonic clock, which nobody can set but which stands
// while the machine sleeps, or by the other one.
func over(t time.Time) bool {
	now := time.Now()
	return now.After(t) || now.Round(0).After(t.Round(0))
}

// mayWrite tells whether a run still belongs to this worker. Only when its lease may have ended does it ask the database,
// which gives a new one unless another worker has the run; then the job is left.
func (e *Engine) mayWrite(j *job) error {
	e.mu.Lock()
	until := j.until
	e.mu.Unlock()
	if !over(until) {
		return nil
	}
	asked := time.Now()
	err := e.store.InTx(j.whole, func(tx *store.Tx) error {
		_, err := tx.Renew(j.lease, e.store.Now().Add(e.opts.Lease))
		return err
	})
	if err != nil {
		j.leave(store.ErrLeaseLost) // also when the database does not answer: whoever gets the run does the step again
		if !errors.Is(err, store.ErrLeaseLost) {
			err = errors.Join(err, store.ErrLeaseLost)
		}
		return fmt.Errorf("nothing is written any more for this run: %w", err)
	}
	e.mu.Lock()
	j.until = e.surely(asked)
	e.mu.Unlock()
	return nil
}

// Fence lets the writes of an action pass to next only while the run belongs to the worker that does it. A process that
// was paused after the action had looked, and for so long that another one took the run over, would else write what that
// one has written. It asks before a call, and again at each piece of its body: a call whose body breaks off is not
// carried out.
func Fence(next http.RoundTripper) http.RoundTripper { return fence{next} }

type fence struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f fence) RoundTrip(r *http.Request) (*http.Response, error) {
	mayWrite := originOf(r.Context()).mayWrite
	if mayWrite == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return f.next.RoundTrip(r)
	}
	if err := mayWrite(); err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	if r.Body == nil || r.Body == http.NoBody {
		return f.next.RoundTrip(r)
	}
	fenced := r.WithContext(r.Context()) // a RoundTripper must not change the request
	fenced.Body = fencedBody{r.Body, mayWrite}
	if r.GetBody != nil {
		fenced.GetBody = func() (io.ReadCloser, error) {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			return fencedBody{body, mayWrite}, nil
		}
	}
	return f.next.RoundTrip(fenced)
}

// fencedBody is a body that breaks off when the run is lost.
type fencedBody struct {
	io.ReadCloser
	mayWrite func() error
}

// Read implements io.Reader.
func (b fencedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if fenced := b.mayWrite(); fenced != nil {
		return 0, fenced
	}
	return n, err
}
