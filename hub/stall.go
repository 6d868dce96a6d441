package hub

import (
	"context"
	"errors"
	"io"
	"time"
)

// stallTimeout is how long a read of a body waits for a byte.
const stallTimeout = time.Minute

// errStalled ends a read that waits too long. What reads a file by ranges goes on from there with another call.
var errStalled = errors.New("the server sent nothing for " + stallTimeout.String())

// stallBody is a body whose connection is given up when a read of it gets nothing for stallTimeout. The time in which
// nobody reads does not count.
type stallBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// Read implements io.Reader.
func (b *stallBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(stallTimeout, func() { b.cancel(errStalled) })
	defer timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if err != nil && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

// Close implements io.Closer.
func (b *stallBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}
