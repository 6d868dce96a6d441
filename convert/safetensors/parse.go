package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Parse reads and checks the header of a file of the given size. Only the header is read, in two requests.
func Parse(r io.ReaderAt, size int64) (*Header, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, errors.New("safetensors: the file is shorter than 8 bytes")
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("safetensors: read header length: %w", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > MaxHeader || int64(length) > size-8 {
		return nil, fmt.Errorf("safetensors: a header of %d bytes does not fit the format or the file", length)
	}
	text := make([]byte, length) // no more than there is of the file
	if n, err := r.ReadAt(text, 8); n < len(text) {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, errors.New("safetensors: the file ends within its header")
		}
		return nil, fmt.Errorf("safetensors: read header: %w", err)
	}
	return ParseHeader(text, size-8-int64(length))
}

// ParseHeader reads and checks a header without the number before it, which says that data bytes follow.
func ParseHeader(text []byte, data int64) (*Header, error) {
	h, err := decode(text)
	if err == nil {
		h.Length = 8 + int64(len(text))
		err = h.check(data)
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	return h, nil
}

// decode reads the JSON of a header.
func decode(text []byte) (*Header, error) {
	h := &Header{}
	err := h.scan(text, func(t Tensor) error {
		h.Tensors = append(h.Tensors, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h, h.unique()
}

// Visit reads the tensors of a header, without the number before it, one after the other and keeps none. Whether a name is
// there twice, and whether the tensors cover the data, is left to the visitor.
func Visit(text []byte, tensor func(Tensor) error) error {
	if err := new(Header).scan(text, tensor); err != nil {
		return fmt.Errorf("safetensors: header: %w", err)
	}
	return nil
}

// scan reads the JSON of a header member by member, since a map would hide names that are there twice.
func (h *Header) scan(text []byte, tensor func(Tensor) error) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	if len(text) == 0 || text[0] != '{' {
		return errors.New("no JSON object")
	}
	s := &scanner{text: text}
	metadata := false
	err := s.members(func(name string) error {
		if name != metadataKey {
			t, err := decodeTensor(s)
			if err != nil {
				return fmt.Errorf("tensor %.100q: %w", name, err)
			}
			t.Name = name
			return tensor(t)
		}
		if metadata {
			return fmt.Errorf("name %.100q twice", name)
		}
		metadata = true
		return h.decodeMetadata(s)
	})
	if err != nil {
		return err
	}
	if rest := bytes.TrimLeft(text[s.pos:], " "); len(rest) > 0 {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// unique makes sure that no name is there twice.
func (h *Header) unique() error {
	byName := make([]int32, len(h.Tensors))
	for i := range byName {
		byName[i] = int32(i)
	}
	slices.SortFunc(byName, func(a, b int32) int { return cmp.Compare(h.Tensors[a].Name, h.Tensors[b].Name) })
	for i := 1; i < len(byName); i++ {
		if name := h.Tensors[byName[i]].Name; name == h.Tensors[byName[i-1]].Name {
			return fmt.Errorf("name %.100q twice", name)
		}
	}
	return nil
}

func (h *Header) decodeMetadata(s *scanner) error {
	seen := make(map[string]bool)
	return s.members(func(key string) error {
		if seen[key] {
			return fmt.Errorf("metadata key %.100q twice", key)
		}
		seen[key] = true
		value, err := s.str()
		if err != nil {
			return fmt.Errorf("metadata %.100q is no string: %w", key, err)
		}
		h.Metadata = append(h.Metadata, Pair{key, value})
		return nil
	})
}

func decodeTensor(s *scanner) (Tensor, error) {
	var t Tensor
	var offsets []int64
	var dtype string
	err := s.members(func(key string) (err error) {
		switch {
		case key == "dtype" && dtype == "":
			dtype, err = s.str()
		case key == "shape" && t.Shape == nil:
			t.Shape, err = s.integers()
		case key == "data_offsets" && offsets == nil:
			offsets, err = s.integers()
		default:
			err = fmt.Errorf("unknown or repeated field %.100q", key)
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if t.DType = known(dtype); t.DType == "" || t.Shape == nil || len(offsets) != 2 {
		return t, fmt.Errorf("unknown dtype %.20q, or shape or two data_offsets are missing", dtype)
	}
	t.Start, t.End = offsets[0], offsets[1]
	return t, nil
}

// known returns the type of a name without a string of its own, or none.
func known(name string) DType {
	for i := range dtypes {
		if string(dtypes[i].name) == name {
			return dtypes[i].name
		}
	}
	return ""
}

// check verifies that the tensors cover the data without gap or overlap, and sorts them by place.
func (h *Header) check(data int64) error {
	slices.SortStableFunc(h.Tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var offset int64
	for _, t := range h.Tensors {
		size, err := Size(t.DType, t.Shape)
		if err != nil {
			return fmt.Errorf("tensor %.100q: %w", t.Name, err)
		}
		if t.Start != offset {
			return fmt.Errorf("tensor %.100q starts at %d, where %d was expected", t.Name, t.Start, offset)
		}
		if t.End < t.Start || t.End-t.Start != size {
			return fmt.Errorf("tensor %.100q has %d bytes, its shape needs %d", t.Name, t.End-t.Start, size)
		}
		if t.End > data {
			return fmt.Errorf("tensor %.100q reaches past the end of the file", t.Name)
		}
		offset = t.End
	}
	if offset != data {
		return fmt.Errorf("the tensors end at %d, the data at %d", offset, data)
	}
	return nil
}
