package workspace

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

var errCapped = errors.New("the git server sends more than the limit")

// maxErrorBody is how much is read of an answer that is a failure, in bytes.
const maxErrorBody = 300

// cappedTransport carries calls whose answers may have some number of bytes together.
type cappedTransport struct {
	base http.RoundTripper
	left atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (t *cappedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &cappedBody{resp.Body, t}
	if resp.StatusCode >= http.StatusMultipleChoices { // go-git quotes the whole body in its error
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxErrorBody), resp.Body}
	}
	return resp, nil
}

func (t *cappedTransport) exceeded() bool { return t.left.Load() < 0 }

type cappedBody struct {
	io.ReadCloser
	t *cappedTransport
}

// Read implements io.Reader.
func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.t.left.Add(-int64(n)) < 0 {
		return 0, errCapped
	}
	return n, err
}
