package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
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
	text, err := io.ReadAll(io.NewSectionReader(r, 8, int64(length)))
	if err != nil {
		return nil, fmt.Errorf("safetensors: read header: %w", err)
	}
	if uint64(len(text)) != length {
		return nil, errors.New("safetensors: the file ends within its header")
	}
	h, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	h.Length = 8 + int64(length)
	if err := h.check(size - h.Length); err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	return h, nil
}

// decode reads the JSON of a header member by member, since a map would hide names that are there twice.
func decode(text []byte) (*Header, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, errors.New("no JSON object")
	}
	h := &Header{}
	seen := make(map[string]bool)
	dec := json.NewDecoder(bytes.NewReader(text))
	err := members(dec, func(name string) error {
		if seen[name] {
			return fmt.Errorf("name %.100q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			return h.decodeMetadata(dec)
		}
		t, err := decodeTensor(dec)
		if err != nil {
			return fmt.Errorf("tensor %.100q: %w", name, err)
		}
		t.Name = name
		h.Tensors = append(h.Tensors, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rest := bytes.TrimLeft(text[dec.InputOffset():], " "); len(rest) > 0 {
		return nil, errors.New("something follows the JSON object")
	}
	return h, nil
}

func (h *Header) decodeMetadata(dec *json.Decoder) error {
	seen := make(map[string]bool)
	return members(dec, func(key string) error {
		if seen[key] {
			return fmt.Errorf("metadata key %.100q twice", key)
		}
		seen[key] = true
		token, err := dec.Token()
		value, ok := token.(string)
		if err == nil && !ok {
			err = fmt.Errorf("metadata %.100q is no string", key)
		}
		h.Metadata = append(h.Metadata, Pair{key, value})
		return err
	})
}

func decodeTensor(dec *json.Decoder) (Tensor, error) {
	var t Tensor
	var offsets []int64
	fields := map[string]any{"dtype": &t.DType, "shape": &t.Shape, "data_offsets": &offsets}
	err := members(dec, func(key string) error {
		target, ok := fields[key]
		if !ok {
			return fmt.Errorf("unknown or repeated field %.100q", key)
		}
		delete(fields, key)
		return dec.Decode(target)
	})
	if err != nil {
		return t, err
	}
	if len(fields) > 0 || len(offsets) != 2 || t.Shape == nil {
		return t, errors.New("dtype, shape or two data_offsets are missing")
	}
	t.Start, t.End = offsets[0], offsets[1]
	return t, nil
}

// members reads a JSON object, calling visit after each of its keys to read the value.
func members(dec *json.Decoder, visit func(key string) error) error {
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		if err := visit(token.(string)); err != nil {
			return err
		}
	}
	return delimiter(dec, '}')
}

func delimiter(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%v where %v should be", token, want)
	}
	return nil
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
