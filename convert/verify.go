package convert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// Verify reads a written file again with the strict reader and compares every tensor, byte by byte, with the checkpoint
// it was made from. It costs one pass over each.
func (p *Plan) Verify(ctx context.Context, written io.ReaderAt, size int64) error {
	if size != p.Size() {
		return fmt.Errorf("verify: the file has %d bytes and should have %d", size, p.Size())
	}
	header, err := safetensors.Parse(written, size)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	same := func(a, b safetensors.Tensor) bool {
		return a.Name == b.Name && a.DType == b.DType && a.Start == b.Start && slices.Equal(a.Shape, b.Shape)
	}
	inOrder := func(a, b safetensors.Tensor) bool { return a.Start == b.Start && a.End == b.End }
	if !slices.EqualFunc(header.Tensors, p.layout, inOrder) || !sameSet(header.Tensors, p.layout, same) {
		return errors.New("verify: the header does not list the tensors of the plan")
	}
	c := &comparer{p: p, written: io.NewSectionReader(written, 0, size)}
	if err := p.Write(ctx, c); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// sameSet compares two lists of tensors regardless of order: empty tensors share their place with a neighbour.
func sameSet(a, b []safetensors.Tensor, same func(a, b safetensors.Tensor) bool) bool {
	byName := make(map[string]safetensors.Tensor, len(a))
	for _, t := range a {
		byName[t.Name] = t
	}
	for _, t := range b {
		if other, ok := byName[t.Name]; !ok || !same(other, t) {
			return false
		}
	}
	return len(byName) == len(b)
}

// comparer is a writer that compares what it is given with what was written.
type comparer struct {
	p       *Plan
	written io.Reader
	pos     int64
	buf     []byte
}

func (c *comparer) Write(b []byte) (int, error) {
	if cap(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	got := c.buf[:len(b)]
	if _, err := io.ReadFull(c.written, got); err != nil {
		return 0, fmt.Errorf("read the written file: %w", err)
	}
	if !bytes.Equal(got, b) {
		i := 0
		for got[i] == b[i] {
			i++
		}
		return 0, fmt.Errorf("%s differs from the checkpoint at byte %d", c.p.at(c.pos+int64(i)), c.pos+int64(i))
	}
	c.pos += int64(len(b))
	return len(b), nil
}

// at names what stands at a byte of the output.
func (p *Plan) at(pos int64) string {
	for _, t := range p.layout {
		if pos >= int64(len(p.header))+t.Start && pos < int64(len(p.header))+t.End {
			return fmt.Sprintf("tensor %.200q", t.Name)
		}
	}
	return "the header"
}

// Hash fills in the SHA256 of each tensor of the output. It costs one pass over the checkpoint.
func (p *Plan) Hash(ctx context.Context) error {
	h := &hasher{p: p, skip: int64(len(p.header)), sum: sha256.New()}
	h.finish()
	if err := p.Write(ctx, h); err != nil {
		return fmt.Errorf("hash tensors: %w", err)
	}
	return nil
}

// hasher is a writer that hashes each tensor on its own.
type hasher struct {
	p    *Plan
	skip int64 // bytes of the header still to come
	next int   // the tensor whose bytes come now
	done int64 // bytes of it so far
	sum  hash.Hash
}

func (h *hasher) Write(b []byte) (int, error) {
	all := len(b)
	n := min(h.skip, int64(len(b)))
	h.skip -= n
	for b = b[n:]; len(b) > 0; {
		n := min(h.p.Tensors[h.next].Bytes-h.done, int64(len(b)))
		h.sum.Write(b[:n])
		h.done += n
		b = b[n:]
		h.finish()
	}
	return all, nil
}

// finish closes the tensors that are complete, of which several may be empty.
func (h *hasher) finish() {
	for h.next < len(h.p.Tensors) && h.done == h.p.Tensors[h.next].Bytes {
		h.p.Tensors[h.next].SHA256 = hex.EncodeToString(h.sum.Sum(nil))
		h.sum.Reset()
		h.next++
		h.done = 0
	}
}
