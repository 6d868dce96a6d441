package builtin

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// meterInterval is how often progress is reported.
const meterInterval = 500 * time.Millisecond

// meter counts bytes and reports them with their rate and the time that is left. One goroutine uses it at a time.
type meter struct {
	rt    *actions.Runtime
	total int64
	note  string

	done    int64
	skipped int64 // of done, what cost no time
	began   time.Time
	last    time.Time
}

// Write counts bytes.
func (m *meter) Write(b []byte) (int, error) {
	m.add(int64(len(b)))
	return len(b), nil
}

func (m *meter) add(n int64) {
	now := time.Now()
	if m.began.IsZero() {
		m.began = now
	}
	m.done += n
	if now.Sub(m.last) >= meterInterval {
		m.last = now
		m.rt.Report(m.done, m.total, m.text(now))
	}
}

// skip counts bytes that were done by an earlier attempt.
func (m *meter) skip(n int64) {
	m.done += n
	m.skipped += n
}

// text is the note with the rate and the time left.
func (m *meter) text(now time.Time) string {
	elapsed := now.Sub(m.began).Seconds()
	if elapsed < 1 || m.done <= m.skipped {
		return m.note
	}
	rate := float64(m.done-m.skipped) / elapsed
	left := time.Duration(float64(max(0, m.total-m.done)) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s: %.0f MB/s, %s left", m.note, rate/1e6, left)
}

// upload counts the bytes of one upload, whose parts may be read more than once.
func (m *meter) upload() *uploadMeter { return &uploadMeter{m: m} }

type uploadMeter struct {
	m    *meter
	most int64 // highest position read
}

func (u *uploadMeter) reach(pos int64) {
	if pos > u.most {
		u.m.add(pos - u.most)
		u.most = pos
	}
}

// finish counts what the Hub had already.
func (u *uploadMeter) finish(size int64) {
	if size > u.most {
		u.m.skip(size - u.most)
		u.most = size
	}
}

// reader counts what is read.
func (u *uploadMeter) reader(r io.ReadCloser) io.ReadCloser {
	return &countedReader{ReadCloser: r, u: u}
}

type countedReader struct {
	io.ReadCloser

	u   *uploadMeter
	pos int64
}

// Read implements io.Reader.
func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.pos += int64(n)
	r.u.reach(r.pos)
	return n, err
}

// Seek implements io.Seeker.
func (r *countedReader) Seek(offset int64, whence int) (int64, error) {
	seeker, ok := r.ReadCloser.(io.Seeker)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	pos, err := seeker.Seek(offset, whence)
	r.pos = pos
	return pos, err
}
