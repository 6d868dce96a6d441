package convert

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// Write streams the safetensors file, after Inspect, from the same reader. It reads while it writes and keeps a few
// megabytes in memory, whatever the size of the model. Each further writer, such as a hash, gets all bytes too, in a
// goroutine of its own. What was written before an error is of no use.
func (p *Plan) Write(ctx context.Context, w io.Writer, more ...io.Writer) error {
	if p.Verdict != OK {
		return &Refusal{Verdict: p.Verdict, Reason: p.Reason}
	}
	sums := make([]uint32, len(p.sources))
	err := stream(ctx, append([]io.Writer{w}, more...), func(ctx context.Context, out *pipe) error {
		return p.produce(ctx, out, sums)
	})
	if err == nil {
		p.sums = sums
	}
	return err
}

// castagnoli is the checksum by which a written file is compared with what was written. It guards against faults of
// disks and programs and not against people, and costs a tenth of a SHA-256.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// produce puts the whole file into the pipe and gives each tensor its checksum.
func (p *Plan) produce(ctx context.Context, out *pipe, sums []uint32) error {
	if _, err := out.Write(p.header); err != nil {
		return err
	}
	readers := &readers{ctx: ctx}
	for i, s := range p.sources {
		out.sum = 0
		if err := readers.tensor(s, p.layout[i].DType, 0, out); err != nil {
			return fmt.Errorf("tensor %.200q: %w", p.layout[i].Name, err)
		}
		sums[i] = out.sum
	}
	return nil
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
			b = r.cast.cast(b, from, to)
			n := min(skip, int64(len(b)))
			skip -= n
			_, err := out.Write(b[n:])
			return err
		})
	case from == to:
		return copyStorage(reader, t, skip, out)
	default:
		return r.castStorage(reader, t, to, skip, out)
	}
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
		if _, err := out.Write(r.cast.cast(b, t.DType.Safetensors, to)[skip:]); err != nil {
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
