package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"sync"
)

const (
	// minReadAhead is what is asked for at a new place in a file, at least: random access mostly reads a few bytes and
	// then some more right behind them.
	minReadAhead = 256 << 10
	// maxReadAhead bounds one request of a long sequential read.
	maxReadAhead = 1 << 30
	// maxStreams is how many answers are kept open for reading on.
	maxStreams = 4
	// maxBrokenReads is how often in a row an answer may end early without a byte.
	maxBrokenReads = 3
)

// RemoteFile is an io.ReaderAt over ranged requests, safe for concurrent use. A read that goes on where another ended
// uses the same answer, and asks for twice as much each time one is used up: reading from start to end takes few
// requests, and jumping about transfers little that is not read.
type RemoteFile struct {
	open func(offset, n int64) (io.ReadCloser, int64, error)
	size int64

	mu      sync.Mutex
	closed  bool
	streams []*remoteStream // not in use now, the latest last
}

// remoteStream is an answer that has been read up to pos and ends at end.
type remoteStream struct {
	body     io.ReadCloser // nil before the first request
	pos, end int64
	ahead    int64 // bytes to ask for the next time
}

// newRemoteFile reads a file of the Hub. Where its content is kept elsewhere, only the first read asks the Hub for the
// address; the others go there, until it no longer serves them.
func newRemoteFile(ctx context.Context, c *Client, path string, size int64, found *url.URL) *RemoteFile {
	var mu sync.Mutex
	kept := contentAddress(found) // with its permission; empty when not known
	resolve := c.url(path)
	return &RemoteFile{size: size, open: func(offset, n int64) (io.ReadCloser, int64, error) {
		mu.Lock()
		address := kept
		mu.Unlock()
		if address != "" {
			body, size, _, err := c.openRangeAt(ctx, address, offset, n)
			var answer *Error
			if !errors.As(err, &answer) || answer.StatusCode < 400 || answer.StatusCode >= 500 {
				return body, size, err
			}
		}
		body, size, final, err := c.openRangeAt(ctx, resolve, offset, n)
		mu.Lock()
		defer mu.Unlock()
		if kept = ""; err == nil {
			kept = contentAddress(final)
		}
		return body, size, err
	}}
}

// contentAddress is where a redirect led to, or empty when that is still a file at a revision: of a repository that was
// renamed, perhaps, or of a plain file.
func contentAddress(found *url.URL) string {
	if found == nil || strings.Contains(found.Path, "/resolve/") {
		return ""
	}
	return found.String()
}

// Size is the size of the whole file in bytes.
func (f *RemoteFile) Size() int64 { return f.size }

// ReadAt implements io.ReaderAt.
func (f *RemoteFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("hub: read at the negative offset %d", off)
	}
	if off >= f.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), f.size-off)]
	s, err := f.take(off)
	if err != nil {
		return 0, err
	}
	n, err := f.fill(s, want)
	if err != nil {
		s.close()
		return n, err
	}
	f.give(s)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close gives up the connections that are kept for reading on. A file that is not closed gives them up when the context
// it was opened with ends.
func (f *RemoteFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.streams {
		s.close()
	}
	f.streams, f.closed = nil, true
	return nil
}

// take returns the stream that stands at an offset, or a new one, for the caller alone.
func (f *RemoteFile) take(off int64) (*remoteStream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fmt.Errorf("hub: read of a remote file: %w", fs.ErrClosed)
	}
	for i, s := range f.streams {
		if s.pos == off {
			f.streams = append(f.streams[:i], f.streams[i+1:]...)
			return s, nil
		}
	}
	return &remoteStream{pos: off, end: off, ahead: minReadAhead}, nil
}

// give keeps a stream for the next read.
func (f *RemoteFile) give(s *remoteStream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || s.pos >= f.size {
		s.close()
		return
	}
	f.streams = append(f.streams, s)
	if len(f.streams) > maxStreams {
		f.streams[0].close()
		f.streams = f.streams[1:]
	}
}

// fill reads until p is full, with as many requests as it takes.
func (f *RemoteFile) fill(s *remoteStream, p []byte) (int, error) {
	n, broken := 0, 0
	for n < len(p) {
		if s.pos >= s.end {
			if err := f.request(s, int64(len(p)-n)); err != nil {
				return n, err
			}
		}
		m, err := s.body.Read(p[n:min(int64(len(p)), int64(n)+s.end-s.pos)])
		n, s.pos = n+m, s.pos+int64(m)
		if m > 0 {
			broken = 0
		}
		if err == nil || s.pos >= s.end {
			continue
		}
		if broken++; broken > maxBrokenReads || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return n, fmt.Errorf("hub: read a file at byte %d: %w", s.pos, noEOF(err))
		}
		s.end = s.pos // cut off: ask for the rest
	}
	return n, nil
}

// request asks for the next part of the file, at least need bytes.
func (f *RemoteFile) request(s *remoteStream, need int64) error {
	s.close()
	n := min(max(need, s.ahead), f.size-s.pos)
	body, size, err := f.open(s.pos, n)
	if err != nil {
		return err
	}
	if size >= 0 && size != f.size {
		body.Close()
		return fmt.Errorf("hub: the file was %d bytes long and is now %d", f.size, size)
	}
	s.body, s.end, s.ahead = body, s.pos+n, min(2*max(n, s.ahead), maxReadAhead)
	return nil
}

func (s *remoteStream) close() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
	s.end = s.pos
}

// noEOF turns an end of file that came too early into an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
