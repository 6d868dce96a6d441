// Package safetensors writes and reads the header of a safetensors file.
//
// [Layout] orders tensors and [Header.Encode] writes bytes exactly as the reference implementation in Rust does.
// [Parse] is stricter than some readers: no gap, no overlap, no byte left over, no name twice, every length checked
// against the file. The format is described at https://huggingface.co/docs/safetensors.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MaxHeader is the longest header that readers accept, in bytes: the reference implementation's limit.
const MaxHeader = 100_000_000

// metadataKey is the name in the header that is no tensor.
const metadataKey = "__metadata__"

// Tensor is one entry of a header.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64
	Start int64 // of its bytes, counted from the end of the header
	End   int64
}

// Pair is one entry of the metadata.
type Pair struct {
	Key, Value string
}

// Header describes a file: what stands before the tensors' bytes.
type Header struct {
	Metadata []Pair   // in the order written
	Tensors  []Tensor // in the order of their bytes
	Length   int64    // bytes of the file before the first tensor's; set by Parse
}

// Layout puts tensors in the order of the reference implementation, which is by descending type and then by name, and
// gives each its place. It fails for a name twice or reserved, an unknown type, or a size that overflows.
func Layout(tensors []Tensor) error {
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for i, t := range tensors {
		if t.Name == metadataKey || !utf8.ValidString(t.Name) || i > 0 && t.Name == tensors[i-1].Name {
			return fmt.Errorf("tensor name %.100q is reserved, twice there or not UTF-8", t.Name)
		}
	}
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		if a.DType == b.DType {
			return 0
		}
		return cmp.Compare(b.DType.rank(), a.DType.rank())
	})
	var offset int64
	for i := range tensors {
		t := &tensors[i]
		size, err := Size(t.DType, t.Shape)
		if err != nil {
			return fmt.Errorf("tensor %.100q: %w", t.Name, err)
		}
		t.Start, t.End = offset, offset+size
		if t.End < t.Start {
			return errors.New("the tensors together are larger than any file")
		}
		offset = t.End
	}
	return nil
}

// Size is the number of bytes of a tensor. It fails for an unknown type, a negative dimension, an overflow, or a size
// that is not a whole number of bytes.
func Size(dtype DType, shape []int64) (int64, error) {
	size := dtype.Bits()
	if size == 0 {
		return 0, fmt.Errorf("unknown dtype %.20q", string(dtype))
	}
	for _, n := range shape {
		if n == 0 {
			size = 0
		}
		if n < 0 {
			return 0, fmt.Errorf("negative dimension %d", n)
		}
	}
	for _, n := range shape {
		if size == 0 {
			break
		}
		high, low := bits.Mul64(uint64(size), uint64(n))
		if high != 0 || low > 1<<62 {
			return 0, errors.New("the size overflows")
		}
		size = int64(low)
	}
	if size%8 != 0 {
		return 0, errors.New("the size is not a whole number of bytes")
	}
	return size / 8, nil
}

// Encode writes the start of the file: the length of the header, the header, and spaces up to a multiple of eight.
func (h *Header) Encode() []byte {
	size := 64 // about; it grows when that is too little
	for _, t := range h.Tensors {
		size += len(t.Name) + 80
	}
	b := make([]byte, 8, size)
	b = append(b, '{')
	if len(h.Metadata) > 0 {
		b = appendString(b, metadataKey)
		b = append(b, ":{"...)
		for i, pair := range h.Metadata {
			b = comma(b, i)
			b = append(appendString(b, pair.Key), ':')
			b = appendString(b, pair.Value)
		}
		b = append(b, '}')
	}
	for i, t := range h.Tensors {
		b = comma(b, i+len(h.Metadata))
		b = appendTensor(b, t)
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b
}

func appendTensor(b []byte, t Tensor) []byte {
	b = append(appendString(b, t.Name), `:{"dtype":"`...)
	b = append(b, t.DType...)
	b = append(b, `","shape":[`...)
	for i, n := range t.Shape {
		b = strconv.AppendInt(comma(b, i), n, 10)
	}
	b = append(b, `],"data_offsets":[`...)
	b = strconv.AppendInt(b, t.Start, 10)
	b = strconv.AppendInt(append(b, ','), t.End, 10)
	return append(b, "]}"...)
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// appendString quotes as serde_json does: encoding/json would also escape U+2028 and U+2029.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	short := map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if e, ok := short[c]; ok {
			b = append(b, '\\', e)
		} else if c < 0x20 {
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
