package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Open gives the safetensors file as a reader that makes the bytes as they are read, so that a file larger than the
// disk can be sent. Seek goes anywhere; each run of reads takes what it needs from the checkpoint. It is not safe for
// concurrent use.
func (p *Plan) Open(ctx context.Context) (io.ReadSeekCloser, error) {
	if p.Verdict != OK {
		return nil, &Refusal{Verdict: p.Verdict, Reason: p.Reason}
	}
	return &planReader{ctx: ctx, plan: p}, nil
}

// planReader is a Plan as a file.
type planReader struct {
	ctx  context.Context // holds for all reading
	plan *Plan
	pos  int64
	body *io.PipeReader // stands at pos; nil before the first read and after Seek
	stop context.CancelFunc
	done chan struct{}
}

// Read implements io.Reader.
func (r *planReader) Read(b []byte) (int, error) {
	if r.pos >= r.plan.Size() {
		return 0, io.EOF
	}
	if r.body == nil {
		r.start()
	}
	n, err := r.body.Read(b)
	r.pos += int64(n)
	return n, err
}

// start begins to make the bytes from the position on.
func (r *planReader) start() {
	var ctx context.Context
	ctx, r.stop = context.WithCancel(r.ctx)
	var w *io.PipeWriter
	r.body, w = io.Pipe()
	r.done = make(chan struct{})
	go func(off int64) {
		defer close(r.done)
		w.CloseWithError(stream(ctx, []io.Writer{w}, func(ctx context.Context, out *pipe) error {
			return r.plan.produceFrom(ctx, out, off)
		}))
	}(r.pos)
}

// halt ends the making of bytes and waits for it, because the checkpoint may be closed next.
func (r *planReader) halt() {
	if r.body == nil {
		return
	}
	r.stop()
	_ = r.body.Close() // of a pipe; it never fails
	<-r.done
	r.body = nil
}

// Seek implements io.Seeker.
func (r *planReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.plan.Size()
	}
	if offset < 0 {
		return r.pos, errors.New("seek to before the start of the file")
	}
	if offset != r.pos {
		r.halt()
		r.pos = offset
	}
	return offset, nil
}

// Close implements io.Closer.
func (r *planReader) Close() error {
	r.halt()
	return nil
}

// produceFrom puts the file from an offset on into the pipe.
func (p *Plan) produceFrom(ctx context.Context, out *pipe, off int64) error {
	if off < int64(len(p.header)) {
		if _, err := out.Write(p.header[off:]); err != nil {
			return err
		}
	}
	off = max(0, off-int64(len(p.header)))
	readers := &readers{ctx: ctx}
	first := sort.Search(len(p.ends), func(i int) bool { return p.ends[i] > off })
	for i := first; i < len(p.ends); i++ {
		skip := max(0, off-p.start(i))
		if err := readers.tensor(p.sources[i], p.dtype(i), skip, out); err != nil {
			return fmt.Errorf("tensor %.200q: %w", p.Tensors[i].Name, err)
		}
	}
	return nil
}
