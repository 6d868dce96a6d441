package convert

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"
)

// The pipe's blocks bound its memory. A block is also the longest single read; one of this size is still in the
// processor's cache when the second writer takes it. There are enough of them for a writer that has to wait a while.
const (
	blockSize  = 256 << 10
	blockCount = 24
)

// block is a part of the output on its way to all writers.
type block struct {
	data []byte
	left atomic.Int32 // writers that have not taken it yet
}

// pipe carries blocks from the reading side to each writer, and empty ones back.
type pipe struct {
	ctx   context.Context // of the one operation that the pipe lives for
	fail  func(error)     // ends the operation
	free  chan *block
	full  []chan *block // one for each writer
	block *block        // being filled, nil if none
	used  int
	sum   uint32 // checksum of what was put in since it was last set to 0
	count int64  // bytes of the same
}

// stream runs produce and lets what it puts into the pipe flow to all writers at once.
func stream(ctx context.Context, writers []io.Writer, produce func(context.Context, *pipe) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &pipe{ctx: ctx, free: make(chan *block, blockCount)}
	p.fail = func(err error) { cancel(fmt.Errorf("write safetensors: %w", err)) }
	for range blockCount {
		p.free <- &block{} // which gets its memory when it is first used: a small model needs one
	}
	var running sync.WaitGroup
	for _, w := range writers {
		full := make(chan *block, blockCount)
		p.full = append(p.full, full)
		running.Go(func() { p.drain(full, w) })
	}
	err := produce(ctx, p)
	if err == nil {
		err = p.flush()
	}
	for _, full := range p.full {
		close(full)
	}
	running.Wait()
	if ctx.Err() != nil { // the first that went wrong, here or outside
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("convert checkpoint: %w", err)
	}
	return nil
}

// drain writes what comes. After an error or the end of the context it goes on taking blocks, so that nobody waits for
// it.
func (p *pipe) drain(full <-chan *block, w io.Writer) {
	var err error
	for b := range full {
		if err == nil && p.ctx.Err() == nil {
			if _, err = w.Write(b.data); err != nil {
				p.fail(err)
			}
		}
		if b.left.Add(-1) == 0 {
			b.data = b.data[:cap(b.data)]
			p.free <- b
		}
	}
}

// space returns the room left in the current block, never empty.
func (p *pipe) space() ([]byte, error) {
	if p.block != nil && p.used == len(p.block.data) {
		if err := p.flush(); err != nil {
			return nil, err
		}
	}
	if p.block == nil {
		select {
		case p.block = <-p.free:
			if p.used = 0; p.block.data == nil {
				p.block.data = make([]byte, blockSize)
			}
		case <-p.ctx.Done():
			return nil, context.Cause(p.ctx)
		}
	}
	return p.block.data[p.used:], nil
}

// advance says that the first n bytes of the space were filled.
func (p *pipe) advance(n int) {
	p.sum = crc32.Update(p.sum, crc32.IEEETable, p.block.data[p.used:p.used+n])
	p.used += n
	p.count += int64(n)
}

// flush hands the current block over.
func (p *pipe) flush() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if p.block == nil || p.used == 0 {
		return nil
	}
	b := p.block
	b.data = b.data[:p.used]
	b.left.Store(int32(len(p.full)))
	for _, full := range p.full {
		full <- b // never waits: it has room for all blocks
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
