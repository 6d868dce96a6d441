package convert_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// stalling is a file whose reads, once it is told to, wait until the context ends, as those of a remote file do.
type stalling struct {
	io.ReaderAt
	ctx     context.Context
	stall   atomic.Bool
	stalled chan struct{} // closed by the first read that waits
	reads   atomic.Int64  // since it was told to
}

func (s *stalling) ReadAt(p []byte, off int64) (int, error) {
	if !s.stall.Load() {
		return s.ReaderAt.ReadAt(p, off)
	}
	if s.reads.Add(1) == 1 {
		close(s.stalled)
	}
	<-s.ctx.Done()
	return 0, context.Cause(s.ctx)
}

// TestCancelledWhileReading ends each operation while a read of the checkpoint does not come back. The operation must
// return, and not read on.
func TestCancelledWhileReading(t *testing.T) {
	t.Parallel()
	data := torchZip(state(dict("w", floats("0", 1<<20))), counting(1<<20))
	tests := map[string]func(context.Context, *convert.Plan, []byte) error{
		"write": func(ctx context.Context, p *convert.Plan, _ []byte) error {
			return p.Write(ctx, io.Discard, sha256.New())
		},
		"hash": func(ctx context.Context, p *convert.Plan, _ []byte) error { return p.Hash(ctx) },
		"verify": func(ctx context.Context, p *convert.Plan, file []byte) error {
			return p.Verify(ctx, bytes.NewReader(file), p.Size())
		},
		"open": func(ctx context.Context, p *convert.Plan, _ []byte) error {
			r, err := p.Open(ctx)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				err = errors.Join(err, r.Close())
			}
			return err
		},
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			r := &stalling{ReaderAt: bytes.NewReader(data), ctx: ctx, stalled: make(chan struct{})}
			plan, err := convert.Inspect(ctx, r, int64(len(data)), convert.Options{})
			if err != nil {
				t.Fatal(err)
			}
			file := write(t, plan)
			r.stall.Store(true)
			stop := errors.New("stopped by a person")
			go func() {
				<-r.stalled
				cancel(stop)
			}()
			if err := run(ctx, plan, file); !errors.Is(err, stop) {
				t.Errorf("got %v", err)
			}
			if n := r.reads.Load(); n != 1 {
				t.Errorf("%d reads, want none after the end", n)
			}
		})
	}
}

// TestCancelledWhileInspecting ends an inspection in its first read.
func TestCancelledWhileInspecting(t *testing.T) {
	t.Parallel()
	data := torchZip(sound, four)
	ctx, cancel := context.WithCancel(t.Context())
	r := &stalling{ReaderAt: bytes.NewReader(data), ctx: ctx, stalled: make(chan struct{})}
	r.stall.Store(true)
	go func() {
		<-r.stalled
		cancel()
	}()
	if _, err := convert.Inspect(ctx, r, int64(len(data)), convert.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestCancelledWhileWriting ends a conversion from within one of its writers: the other gets no more than what was under
// way.
func TestCancelledWhileWriting(t *testing.T) {
	t.Parallel()
	const elements = 16 << 20 // 64 MiB
	r := reader{newSynthetic(1, elements), elements}
	for name, ends := range map[string]int{"file": 0, "hash": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := convert.Inspect(t.Context(), r, r.size, convert.Options{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var writers [2]writes
			writers[ends].then = cancel
			if err := plan.Write(ctx, &writers[0], &writers[1]); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			for i := range writers {
				if writers[i].bytes > 16<<20 {
					t.Errorf("writer %d got %d bytes", i, writers[i].bytes)
				}
			}
		})
	}
}

// writes counts bytes and does something when the first come.
type writes struct {
	bytes int
	then  func()
}

func (w *writes) Write(b []byte) (int, error) {
	if w.bytes += len(b); w.then != nil {
		w.then()
	}
	return len(b), nil
}
