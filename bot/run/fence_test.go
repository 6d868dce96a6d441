package run_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// fenced is a bot whose action writes to a server that counts the calls which arrive whole.
type fenced struct {
	*bot
	server *httptest.Server
	whole  atomic.Int64
	client *http.Client
}

func newFenced(t *testing.T, database database, act do) *fenced {
	f := &fenced{client: &http.Client{Transport: run.Fence(http.DefaultTransport)}}
	f.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			f.whole.Add(1)
		}
	}))
	t.Cleanup(f.server.Close)
	// The lease is long, so that nothing but the write finds out that it is lost.
	f.bot = newBot(t, database(t), map[string]do{"test.write": act}, func(o *run.Options) { o.Lease = time.Hour })
	return f
}

// call sends a request as an action does.
func (f *fenced) call(ctx context.Context, method string, body io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, method, f.server.URL, body)
	if err != nil {
		return err
	}
	res, err := f.client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// takenOver gives the run to another worker, and makes this one doubt.
func (f *fenced) takenOver(id string) {
	f.store.UseTickets(nil)
	err := f.store.InTx(f.t.Context(), func(tx *store.Tx) error {
		if _, err := tx.TakeOrphans(0, 10); err != nil {
			return err
		}
		_, err := tx.Claim([]string{id}, "other", time.Now().Add(time.Hour))
		return err
	})
	if err != nil {
		f.t.Error(err)
	}
	f.engine.Doubt()
}

// A worker whose lease may have ended asks before it writes; when the run is still its own, it writes.
func testFenceOpen(t *testing.T, database database) {
	var f *fenced
	f = newFenced(t, database, func(ctx context.Context, _ *actions.Runtime, _ in) (out, error) {
		f.engine.Doubt()
		return out{}, errors.Join(f.call(ctx, http.MethodPost, strings.NewReader("text")), f.call(ctx, http.MethodDelete, nil))
	})
	r := f.await(f.insert(store.StepPlan{ID: "a", Uses: "test.write"}), store.Succeeded)
	if f.whole.Load() != 2 || r.Steps[0].Attempt != 1 {
		t.Errorf("%d writes arrived in %d attempts, want 2 in one", f.whole.Load(), r.Steps[0].Attempt)
	}
	ctx := context.Background() // outside of runs nothing is fenced
	if err := f.call(ctx, http.MethodPost, strings.NewReader("text")); err != nil || f.whole.Load() != 3 {
		t.Errorf("a write outside of runs: %v", err)
	}
}

// A worker that lost its run while it stood still can read, but not write, and what it was about to send breaks off.
func testFenceClosed(t *testing.T, database database) {
	var f *fenced
	ids, ended := make(chan string, 1), make(chan error, 4)
	f = newFenced(t, database, func(ctx context.Context, _ *actions.Runtime, _ in) (out, error) {
		id := <-ids
		piece, body := io.Pipe()
		go func() {
			_, _ = body.Write([]byte("the first half"))
			f.takenOver(id)
			_, _ = body.Write([]byte("and the second"))
			_ = body.Close()
		}()
		ended <- f.call(ctx, http.MethodPost, piece)
		ended <- f.call(ctx, http.MethodPost, strings.NewReader("text"))
		ended <- f.call(ctx, http.MethodPatch, nil)
		ended <- f.call(context.WithoutCancel(ctx), http.MethodGet, nil)
		return out{}, nil
	})
	id := f.insert(store.StepPlan{ID: "a", Uses: "test.write"})
	ids <- id
	for i := range 3 {
		if err := <-ended; !errors.Is(err, store.ErrLeaseLost) && !errors.Is(err, context.Canceled) {
			t.Errorf("write %d: %v, want that the lease is lost", i, err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("read: %v", err)
	}
	if n := f.whole.Load(); n != 1 { // the GET
		t.Errorf("%d calls arrived whole, want the one that reads", n)
	}
}
