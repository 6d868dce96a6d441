package torchfile

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// windowSize is how far a small read reads ahead. The tail of a zip, the pickle at its head, and a storage's local
// header with the first of its bytes are then one read each, which matters where a read is a request.
const windowSize = 256 << 10

// prefetchLimit is the longest window made on request.
const prefetchLimit = 4 << 20

// window reads through a few buffers of what was read before. It is not safe for concurrent use.
type window struct {
	ctx   context.Context // of the one operation that the window lives for
	r     io.ReaderAt
	size  int64
	slots [3]slot
	next  int
}

type slot struct {
	off  int64
	data []byte
}

// readError is an error of the underlying reader, as opposed to a fault of the file.
type readError struct{ err error }

func (e *readError) Error() string { return fmt.Sprintf("read checkpoint: %v", e.err) }
func (e *readError) Unwrap() error { return e.err }

func newWindow(ctx context.Context, r io.ReaderAt, size int64) *window {
	return &window{ctx: ctx, r: r, size: size}
}

// ReadAt fills p from the file, from a window if one holds the first byte.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at < 0 || at >= w.size {
			return done, io.EOF
		}
		if data := w.held(at); data != nil {
			done += copy(p[done:], data)
			continue
		}
		if len(p)-done >= windowSize {
			n, err := w.read(p[done:], at)
			return done + n, err
		}
		if err := w.prefetch(at, windowSize); err != nil {
			return done, err
		}
	}
	return done, nil
}

// held returns the bytes at hand from off on, or nil.
func (w *window) held(off int64) []byte {
	for _, s := range w.slots {
		if off >= s.off && off < s.off+int64(len(s.data)) {
			return s.data[off-s.off:]
		}
	}
	return nil
}

// prefetch reads n bytes at off, or as many as the limit and the file allow, in one read.
func (w *window) prefetch(off, n int64) error {
	n = min(n, prefetchLimit, w.size-off)
	if int64(len(w.held(off))) >= n {
		return nil
	}
	s := &w.slots[w.next]
	w.next = (w.next + 1) % len(w.slots)
	buf := s.data[:0]
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	s.data = nil
	got, err := w.read(buf[:n], off)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if int64(got) < n {
		return &readError{fmt.Errorf("the file ended at byte %d of %d", off+int64(got), w.size)}
	}
	s.off, s.data = off, buf[:n]
	return nil
}

func (w *window) read(p []byte, off int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, &readError{err}
	}
	n, err := w.r.ReadAt(p, off)
	if n == len(p) {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, &readError{err}
}

// bytes reads n bytes at off.
func (w *window) bytes(off, n int64) ([]byte, error) {
	p := make([]byte, n)
	_, err := w.ReadAt(p, off)
	return p, err
}
