package convert

import (
	"context"
	"fmt"
	"io"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// Write streams the safetensors file, after Inspect, from the same reader. It reads while it writes and keeps a few
// megabytes in memory, whatever the size of the model. What was written before an error is of no use.
func (p *Plan) Write(ctx context.Context, w io.Writer) error {
	if p.Verdict != OK {
		return &Refusal{Verdict: p.Verdict, Reason: p.Reason}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pipe := newPipe(ctx)
	var readErr error
	go func() {
		defer close(pipe.full)
		if readErr = p.produce(ctx, pipe); readErr == nil {
			readErr = pipe.flush()
		}
	}()
	var writeErr error
	for block := range pipe.full {
		if writeErr == nil {
			if _, writeErr = w.Write(block); writeErr != nil {
				cancel()
			}
		}
		pipe.free <- block[:cap(block)]
	}
	if writeErr != nil {
		return fmt.Errorf("write safetensors: %w", writeErr)
	}
	if readErr != nil {
		return fmt.Errorf("convert checkpoint: %w", readErr)
	}
	return nil
}

// produce puts the whole file into the pipe.
func (p *Plan) produce(ctx context.Context, out *pipe) error {
	if _, err := out.Write(p.header); err != nil {
		return err
	}
	r, c := p.file.Reader(ctx), &caster{}
	for i, t := range p.sources {
		if err := produceTensor(r, t, p.layout[i].DType, c, out); err != nil {
			return fmt.Errorf("tensor %.200q: %w", p.Tensors[i].Name, err)
		}
	}
	return nil
}

// produceTensor puts the bytes of one tensor into the pipe, as the type given.
func produceTensor(r *torchfile.Reader, t *torchfile.Tensor, to safetensors.DType, c *caster, out *pipe) error {
	from := t.DType.Safetensors
	switch {
	case t.Elements() == 0:
		return nil
	case !t.Contiguous():
		return gather(r, t, func(b []byte) error {
			_, err := out.Write(c.cast(b, from, to))
			return err
		})
	case from == to:
		return copyStorage(r, t, out)
	}
	start, end := t.Offset*t.DType.Size, (t.Offset+t.Elements())*t.DType.Size
	for off := start; off < end; off += castBlock {
		b := c.buffer(min(castBlock, end-off))
		if err := r.ReadStorage(t.Storage, b, off); err != nil {
			return err
		}
		if _, err := out.Write(c.cast(b, from, to)); err != nil {
			return err
		}
	}
	return nil
}

// copyStorage reads a contiguous tensor straight into the blocks of the pipe.
func copyStorage(r *torchfile.Reader, t *torchfile.Tensor, out *pipe) error {
	off, left := t.Offset*t.DType.Size, t.Elements()*t.DType.Size
	for left > 0 {
		space, err := out.space()
		if err != nil {
			return err
		}
		n := min(int64(len(space)), left)
		if err := r.ReadStorage(t.Storage, space[:n], off); err != nil {
			return err
		}
		out.advance(int(n))
		off, left = off+n, left-n
	}
	return nil
}

// The pipe's blocks bound its memory. A block is also the longest single read.
const (
	blockSize  = 1 << 20
	blockCount = 4
)

// pipe carries blocks from the reading to the writing side, and empty ones back.
type pipe struct {
	ctx        context.Context // of the one Write that the pipe lives for
	free, full chan []byte
	block      []byte // being filled, nil if none
	used       int
}

func newPipe(ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, free: make(chan []byte, blockCount), full: make(chan []byte, blockCount)}
	for range blockCount {
		p.free <- make([]byte, blockSize)
	}
	return p
}

// space returns the room left in the current block, never empty.
func (p *pipe) space() ([]byte, error) {
	if p.used == len(p.block) {
		if err := p.flush(); err != nil {
			return nil, err
		}
		select {
		case p.block = <-p.free:
			p.used = 0
		case <-p.ctx.Done():
			return nil, context.Cause(p.ctx)
		}
	}
	return p.block[p.used:], nil
}

// advance says that the first n bytes of the space were filled.
func (p *pipe) advance(n int) { p.used += n }

// flush hands the current block over.
func (p *pipe) flush() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if p.used > 0 {
		p.full <- p.block[:p.used]
	}
	p.block, p.used = nil, 0
	return nil
}

// Write copies b into the pipe.
func (p *pipe) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		space, err := p.space()
		if err != nil {
			return done, err
		}
		n := copy(space, b[done:])
		p.advance(n)
		done += n
	}
	return done, nil
}
