package convert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// Verify reads a written file again with the strict reader and compares every tensor, byte by byte, with the checkpoint
// it was made from. It costs one pass over each.
func (p *Plan) Verify(ctx context.Context, written io.ReaderAt, size int64) error {
	if err := p.checkHeader(written, size); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	c := &comparer{p: p, written: io.NewSectionReader(written, 0, size)}
	if err := p.Write(ctx, c); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// Check reads a file again that Write has written, with the strict reader, and compares every tensor with a checksum of
// what was written. It does not read the checkpoint.
func (p *Plan) Check(ctx context.Context, written io.ReaderAt, size int64) error {
	if len(p.sums) != len(p.Tensors) {
		return errors.New("check: nothing was written yet")
	}
	if err := p.checkHeader(written, size); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	buf := make([]byte, blockSize)
	for i, t := range p.Tensors {
		sum := uint32(0)
		for at := p.start(i); at < p.ends[i]; {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("check: %w", err)
			}
			b := buf[:min(blockSize, p.ends[i]-at)]
			if n, err := written.ReadAt(b, int64(len(p.header))+at); n < len(b) {
				return fmt.Errorf("check: read tensor %.200q: %w", t.Name, err)
			}
			sum = crc32.Update(sum, crc32.IEEETable, b)
			at += int64(len(b))
		}
		if sum != p.sums[i] {
			return fmt.Errorf("check: tensor %.200q is not what was written", t.Name)
		}
	}
	return nil
}

// CheckHeader reads the header of a written file with the strict reader, which sees to it that every tensor has its place
// and that they fill the file, and compares it with the plan. The bytes of the tensors are not read again: Write has
// counted them, and compared them with the checksums of the checkpoint.
func (p *Plan) CheckHeader(written io.ReaderAt, size int64) error {
	if err := p.checkHeader(written, size); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

// checkHeader compares the size and the header of a written file with the plan.
func (p *Plan) checkHeader(written io.ReaderAt, size int64) error {
	if size != p.Size() {
		return fmt.Errorf("the file has %d bytes and should have %d", size, p.Size())
	}
	buf := make([]byte, min(64<<10, len(p.header)))
	for at := 0; at < len(p.header); at += len(buf) {
		want := p.header[at:min(at+len(buf), len(p.header))]
		if n, err := written.ReadAt(buf[:len(want)], int64(at)); n < len(want) {
			return fmt.Errorf("read the header: %w", err)
		}
		if !bytes.Equal(buf[:len(want)], want) {
			return errors.New("the header is not the one that was planned")
		}
	}
	// The file has the bytes of the plan's header, and so those are read instead of the same again. They name the tensors of
	// the plan one after the other, whose names are unique, and which cover the data.
	seen := 0
	err := safetensors.Visit(p.header[8:], func(t safetensors.Tensor) error {
		if seen == len(p.Tensors) {
			return errors.New("the header lists more tensors than the plan")
		}
		want := p.Tensors[seen]
		if t.Name != want.Name || string(t.DType) != want.DType || !slices.Equal(t.Shape, want.Shape) ||
			t.Start != p.start(seen) || t.End != p.ends[seen] {
			return fmt.Errorf("the header does not have tensor %.200q where the plan has it", want.Name)
		}
		seen++
		return nil
	})
	if err == nil && seen < len(p.Tensors) {
		err = errors.New("the header lists fewer tensors than the plan")
	}
	return err
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
	for i, t := range p.Tensors {
		if pos >= int64(len(p.header))+p.start(i) && pos < int64(len(p.header))+p.ends[i] {
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
