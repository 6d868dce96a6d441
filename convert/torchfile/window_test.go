package torchfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// counted is a reader that counts the reads it is asked for.
type counted struct {
	io.ReaderAt
	reads int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(p, off)
}

func testData(n int) []byte {
	random := rand.NewChaCha8([32]byte{})
	data := make([]byte, n)
	random.Read(data)
	return data
}

func TestWindowReads(t *testing.T) {
	t.Parallel()
	data := testData(1<<20 + 17)
	w := newWindow(t.Context(), bytes.NewReader(data), int64(len(data)))
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		off := random.IntN(len(data))
		n := random.IntN(min(len(data)-off, 400<<10) + 1)
		got, err := w.bytes(int64(off), int64(n))
		if err != nil || !bytes.Equal(got, data[off:off+n]) {
			t.Fatalf("%d bytes at %d: %v", n, off, err)
		}
	}
}

// TestWindowFewReads reads small pieces, near together, and one large piece.
func TestWindowFewReads(t *testing.T) {
	t.Parallel()
	data := testData(1 << 20)
	r := &counted{ReaderAt: bytes.NewReader(data)}
	w := newWindow(t.Context(), r, int64(len(data)))
	for off := int64(0); off < windowSize-100; off += 1000 {
		if _, err := w.bytes(off, 100); err != nil {
			t.Fatal(err)
		}
	}
	if r.reads != 1 {
		t.Errorf("%d reads for one window", r.reads)
	}
	if _, err := w.bytes(100, 900<<10); err != nil || r.reads != 2 {
		t.Errorf("%d reads, %v: a large piece takes what is held and one read", r.reads, err)
	}
}

func TestWindowEnds(t *testing.T) {
	t.Parallel()
	w := newWindow(t.Context(), bytes.NewReader([]byte("abc")), 3)
	if got, err := w.bytes(1, 5); !errors.Is(err, io.EOF) || string(got[:2]) != "bc" {
		t.Errorf("%q, %v", got, err)
	}
	for _, off := range []int64{-1, 3, 100} {
		if _, err := w.bytes(off, 1); !errors.Is(err, io.EOF) {
			t.Errorf("at %d: %v", off, err)
		}
	}
	var failed *readError
	short := newWindow(t.Context(), bytes.NewReader([]byte("abc")), 10)
	if _, err := short.bytes(0, 4); !errors.As(err, &failed) {
		t.Errorf("a file shorter than it was said to be: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newWindow(ctx, bytes.NewReader([]byte("abc")), 3).bytes(0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
