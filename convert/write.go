package convert

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// Write streams the safetensors file, after Inspect, from the same reader. It reads while it writes and keeps a few
// megabytes in memory, whatever the size of the model. Each further writer, such as a hash, gets all bytes too, in a
// goroutine of its own. When w is a file, its room on the disk is reserved first. What was written before an error is of
// no use.
func (p *Plan) Write(ctx context.Context, w io.Writer, more ...io.Writer) error {
	if p.Verdict != OK {
		return &Refusal{Verdict: p.Verdict, Reason: p.Reason}
	}
	if f, ok := w.(*os.File); ok {
		if err := reserve(f, p.Size()); err != nil {
			return fmt.Errorf("reserve %d bytes for the safetensors file: %w", p.Size(), err)
		}
	}
	made := &making{plan: p, sums: make([]uint32, len(p.sources))}
	err := stream(ctx, append([]io.Writer{w}, more...), made.produce)
	if err == nil {
		p.sums, p.Warnings = made.sums, made.warnings
	}
	return err
}

// making is one run of Write.
type making struct {
	plan     *Plan
	sums     []uint32
	warnings []string
}

// produce puts the whole file into the pipe and gives each tensor its checksum: that of zips, so that it can be compared
// with the one that the checkpoint has for the same bytes.
func (m *making) produce(ctx context.Context, out *pipe) error {
	if _, err := out.Write(m.plan.header); err != nil {
		return err
	}
	readers := &readers{ctx: ctx}
	for i, s := range m.plan.sources {
		t, dtype := &m.plan.Tensors[i], m.plan.dtype(i)
		out.sum, out.count = 0, 0
		if err := readers.tensor(s, dtype, 0, out); err != nil {
			return fmt.Errorf("tensor %.200q: %w", t.Name, err)
		}
		if out.count != t.Bytes {
			return fmt.Errorf("tensor %.200q came to %d bytes and not to %d", t.Name, out.count, t.Bytes)
		}
		m.sums[i] = out.sum
		if s.damaged(dtype, out.sum) {
			m.warn(t.Name)
		}
	}
	return nil
}

// maxWarnings bounds the tensors that are named in warnings.
const maxWarnings = 20

func (m *making) warn(tensor string) {
	switch len(m.warnings) {
	case maxWarnings + 1:
	case maxWarnings:
		m.warnings = append(m.warnings, "more tensors differ from their checksums")
	default:
		m.warnings = append(m.warnings, fmt.Sprintf("the bytes of tensor %.200q do not have the checksum that the checkpoint "+
			"gives for them: it was damaged or changed after it was saved", tensor))
	}
}

// damaged reports whether a tensor that was copied as it is does not have the checksum of its record in the zip. Torch
// itself does not look at it, and can be told not to write it, so that this is no reason to refuse a checkpoint.
func (s source) damaged(to safetensors.DType, sum uint32) bool {
	t := s.tensor
	want, known := t.Storage.Checksum()
	whole := t.Offset == 0 && t.Contiguous() && t.Elements()*t.DType.Size == t.Storage.Bytes
	return known && whole && t.AsStored() && to == t.DType.Safetensors && sum != want
}

// readers reads tensors of one checkpoint after the other.
type readers struct {
	ctx    context.Context // of the one operation that they live for
	file   *torchfile.File
	reader *torchfile.Reader
	cast   caster
}

// of returns a reader of the checkpoint. The last one is kept, since tensors of one file mostly follow each other.
func (r *readers) of(file *torchfile.File) *torchfile.Reader {
	if r.file != file {
		r.file, r.reader = file, file.Reader(r.ctx)
	}
	return r.reader
}

// tensor puts the bytes of one tensor into the pipe, as the type given and without the first skip of them.
func (r *readers) tensor(s source, to safetensors.DType, skip int64, out *pipe) error {
	t, from := s.tensor, s.tensor.DType.Safetensors
	switch reader := r.of(s.file); {
	case t.Elements() == 0:
		return nil
	case !t.Contiguous():
		return gather(reader, t, func(b []byte) error {
			b = r.cast.cast(resolved(t, b), from, to)
			n := min(skip, int64(len(b)))
			skip -= n
			_, err := out.Write(b[n:])
			return err
		})
	case from == to && t.AsStored():
		return copyStorage(reader, t, skip, out)
	default:
		return r.castStorage(reader, t, to, skip, out)
	}
}

// resolved turns stored elements into those of a tensor, in place.
func resolved(t *torchfile.Tensor, b []byte) []byte {
	if !t.AsStored() {
		t.Resolve(b)
	}
	return b
}

// castStorage casts a contiguous tensor block by block.
func (r *readers) castStorage(
	reader *torchfile.Reader, t *torchfile.Tensor, to safetensors.DType, skip int64, out *pipe,
) error {
	width := to.Bits() / 8
	start, end := (t.Offset+skip/width)*t.DType.Size, (t.Offset+t.Elements())*t.DType.Size
	skip %= width
	for off := start; off < end; off += castBlock {
		b := r.cast.buffer(min(castBlock, end-off))
		if err := reader.ReadStorage(t.Storage, b, off); err != nil {
			return err
		}
		if _, err := out.Write(r.cast.cast(resolved(t, b), t.DType.Safetensors, to)[skip:]); err != nil {
			return err
		}
		skip = 0
	}
	return nil
}

// copyStorage reads a contiguous tensor straight into the blocks of the pipe.
func copyStorage(r *torchfile.Reader, t *torchfile.Tensor, skip int64, out *pipe) error {
	off, left := t.Offset*t.DType.Size+skip, t.Elements()*t.DType.Size-skip
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
