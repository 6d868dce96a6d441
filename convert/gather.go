package convert

import (
	"cmp"
	"slices"

	"github.com/hfbot/hfbot/convert/torchfile"
)

const (
	gatherBlock = 4 << 20   // bytes of output gathered at a time
	gatherRun   = 128 << 10 // longest span of input read for one run of elements
)

// gather reads a tensor whose elements are not in row-major order, such as a transposed one, and emits it in that
// order, a box of the tensor at a time. Within a box the storage is read front to back; where the boxes do not follow
// each other in the storage, it is copied to the local disk first and read from there.
func gather(r *torchfile.Reader, t *torchfile.Tensor, emit func([]byte) error) error {
	g := &gatherer{t: t, run: make([]byte, gatherRun+t.DType.Size)}
	g.read = func(p []byte, offset int64) error { return r.ReadStorage(t.Storage, p, offset) }
	split, inner := splitDim(t.Shape, t.DType.Size)
	if crosses(t, split) {
		copied, err := newSpool(r, t.Storage, t.Offset*t.DType.Size, span(t)*t.DType.Size)
		if err != nil {
			return err
		}
		defer copied.close()
		g.read = copied.read
	}
	start := make([]int64, len(t.Shape))
	count := slices.Clone(t.Shape)
	for i := range split {
		count[i] = 1
	}
	step := max(1, gatherBlock/inner)
	for {
		for at := int64(0); at < t.Shape[split]; at += step {
			start[split], count[split] = at, min(step, t.Shape[split]-at)
			box, err := g.box(start, count)
			if err != nil {
				return err
			}
			if err := emit(box); err != nil {
				return err
			}
		}
		if !increment(start[:split], t.Shape[:split]) {
			return nil
		}
	}
}

// splitDim returns the outermost dimension of which one step fits a block, and the bytes of that step. Boxes are cut
// along it.
func splitDim(shape []int64, itemSize int64) (dim int, bytes int64) {
	bytes = itemSize
	for dim = len(shape) - 1; dim > 0; dim-- {
		if bytes*shape[dim] > gatherBlock {
			break
		}
		bytes *= shape[dim]
	}
	return dim, bytes
}

// increment counts an index up within a shape, the last dimension fastest, and reports whether there was a next one.
func increment(index, shape []int64) bool {
	for i := len(index) - 1; i >= 0; i-- {
		if index[i]++; index[i] < shape[i] {
			return true
		}
		index[i] = 0
	}
	return false
}

// crosses reports whether boxes cut along a dimension, of which there are several, lie across each other in the storage:
// a later dimension takes longer steps than the one that is cut, or one before it.
func crosses(t *torchfile.Tensor, split int) bool {
	if t.Elements()*t.DType.Size <= gatherBlock {
		return false // one box
	}
	shortest := t.Stride[0]
	for i, stride := range t.Stride {
		if t.Shape[i] == 1 {
			continue
		}
		if stride > shortest {
			return true
		}
		if i <= split {
			shortest = stride
		}
	}
	return false
}

// span is the number of elements of the storage from the first to the last of a tensor.
func span(t *torchfile.Tensor) int64 {
	n := int64(1)
	for i, stride := range t.Stride {
		n += (t.Shape[i] - 1) * stride
	}
	return n
}

type gatherer struct {
	read func(p []byte, offset int64) error // from an offset in the storage
	t    *torchfile.Tensor
	out  []byte
	run  []byte
}

// axis is one dimension of a box.
type axis struct {
	count  int64
	source int64 // elements of the storage per step
	target int64 // elements of the box per step
}

// box gathers the part of the tensor that begins at start and has the given counts. The result is valid until the next
// call.
func (g *gatherer) box(start, count []int64) ([]byte, error) {
	axes := make([]axis, len(count))
	base, elements := g.t.Offset, int64(1)
	for i := len(count) - 1; i >= 0; i-- {
		axes[i] = axis{count[i], g.t.Stride[i], elements}
		base += start[i] * g.t.Stride[i]
		elements *= count[i]
	}
	if need := elements * g.t.DType.Size; int64(cap(g.out)) < need {
		g.out = make([]byte, need)
	}
	slices.SortStableFunc(axes, func(a, b axis) int { return cmp.Compare(b.source, a.source) })
	outer, inner := axes[:len(axes)-1], axes[len(axes)-1]
	index, shape := make([]int64, len(outer)), make([]int64, len(outer))
	for i, a := range outer {
		shape[i] = a.count
	}
	for {
		source, target := base, int64(0)
		for i, a := range outer {
			source += index[i] * a.source
			target += index[i] * a.target
		}
		if err := g.line(source, target, inner); err != nil {
			return nil, err
		}
		if !increment(index, shape) {
			return g.out[:elements*g.t.DType.Size], nil
		}
	}
}

// line copies the elements along one axis, reading several at once as far as they lie close together.
func (g *gatherer) line(source, target int64, a axis) error {
	size := g.t.DType.Size
	batch := a.count
	if a.source > 0 {
		batch = max(1, gatherRun/(a.source*size))
	}
	for done := int64(0); done < a.count; done += batch {
		n := min(batch, a.count-done)
		span := ((n-1)*a.source + 1) * size
		run := g.run[:span]
		if err := g.read(run, (source+done*a.source)*size); err != nil {
			return err
		}
		if a.source == 1 && a.target == 1 {
			copy(g.out[(target+done)*size:], run)
			continue
		}
		for i := range n {
			from, to := i*a.source*size, (target+(done+i)*a.target)*size
			copy(g.out[to:to+size], run[from:from+size])
		}
	}
	return nil
}
