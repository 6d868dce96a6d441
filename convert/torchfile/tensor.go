package torchfile

import (
	"errors"
	"fmt"
	"math/bits"
)

// Storage is a run of bytes that tensors are views of.
type Storage struct {
	Key   string // storages with equal keys are the same bytes
	DType *DType // as the pickle declares it; uint8 for an untyped storage
	Bytes int64
	place place
}

// Checksum is the CRC-32 that the zip's directory gives for exactly the bytes of the storage. A legacy file has none, and
// torch writes 0 when it is told to leave it out.
func (s *Storage) Checksum() (sum uint32, known bool) {
	e, ok := s.place.(*zipEntry)
	if !ok || e.size != s.Bytes {
		return 0, false
	}
	return e.crc, e.crc != 0
}

// Tensor is a view of a storage. Offset and Stride count elements. Tensors share their slices, which must not be changed.
type Tensor struct {
	Storage *Storage
	DType   *DType
	Offset  int64
	Shape   []int64
	Stride  []int64

	// The numbers of the tensor are the conjugates of the stored ones, or the same with the other sign.
	Conjugated, Negated bool
}

// AsStored reports whether the numbers of the tensor are the stored ones.
func (t *Tensor) AsStored() bool { return !t.Conjugated && !t.Negated }

// Resolve turns stored elements into those of the tensor.
func (t *Tensor) Resolve(elements []byte) {
	half := t.DType.Size // from one number to the next; a complex one is two
	if t.DType.Complex() {
		half /= 2
	}
	for end, imaginary := half, false; end <= int64(len(elements)); end += half {
		if t.Negated != (t.Conjugated && imaginary) {
			elements[end-1] ^= 0x80 // the sign, in little-endian order
		}
		imaginary = !imaginary
	}
}

// String names the kind of value for messages.
func (*Tensor) String() string { return "a tensor" }

// maxDims is the most dimensions a tensor may have. Torch's own kernels stop at 64.
const maxDims = 64

// Elements is the number of elements.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Contiguous reports whether the elements lie one after the other in row-major order.
func (t *Tensor) Contiguous() bool {
	expect := int64(1)
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] != 1 && t.Stride[i] != expect {
			return false
		}
		expect *= t.Shape[i]
	}
	return true
}

// check verifies that every element lies within the storage and that no product overflows.
func (t *Tensor) check() error {
	if len(t.Shape) != len(t.Stride) {
		return fmt.Errorf("%d dimensions but %d strides", len(t.Shape), len(t.Stride))
	}
	if len(t.Shape) > maxDims {
		return fmt.Errorf("%d dimensions", len(t.Shape))
	}
	if t.Offset < 0 {
		return fmt.Errorf("negative storage offset %d", t.Offset)
	}
	empty := false
	for i := range t.Shape {
		if t.Shape[i] < 0 || t.Stride[i] < 0 {
			return fmt.Errorf("negative size %d or stride %d", t.Shape[i], t.Stride[i])
		}
		empty = empty || t.Shape[i] == 0
	}
	if empty {
		return nil
	}
	elements, last := t.DType.Size, t.Offset
	for i := range t.Shape {
		var ok bool
		if elements, ok = multiply(elements, t.Shape[i]); !ok {
			return errors.New("the number of elements overflows")
		}
		span, ok := multiply(t.Shape[i]-1, t.Stride[i])
		if !ok || last+span < last {
			return errors.New("the span of a tensor overflows")
		}
		last += span
	}
	if end, ok := multiply(last+1, t.DType.Size); !ok || end > t.Storage.Bytes {
		return fmt.Errorf("element %d lies past its storage of %d bytes", last, t.Storage.Bytes)
	}
	return nil
}

// multiply returns a*b for numbers that are not negative, and whether the product is a valid int64.
func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	return int64(low), high == 0 && low < 1<<63
}
