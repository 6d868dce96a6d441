package convert_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// synthetic is a checkpoint of any size that takes no memory: its storages are made as they are read. It counts the
// reads, each of which would be a request to a remote file.
type synthetic struct {
	head, tail []byte
	size       int64
	reads      atomic.Int64
	bytes      atomic.Int64
}

// newSynthetic makes a zip of count float32 tensors of the given number of elements each.
func newSynthetic(count, elements int) *synthetic {
	var items []any
	for i := range count {
		items = append(items, fmt.Sprintf("layer.%d.weight", i), floats(fmt.Sprint(i), elements))
	}
	s := &synthetic{}
	pickle := state(dict(items...))
	// The zip is built with empty records and its directory then stretched to their real size and place.
	s.head = zipOf(record{name: "a/data.pkl", data: pickle})
	le := binary.LittleEndian
	directory := bytes.LastIndex(s.head, []byte("PK\x01\x02"))
	first := bytes.Clone(s.head[directory : len(s.head)-22])
	s.head = s.head[:directory]
	offset := int64(len(s.head))
	entries := first
	for i := range count {
		name := fmt.Sprintf("a/data/%d", i)
		e := appendNumbers([]byte("PK\x01\x02"), 45, 45, 0, 0, 0, 0, 0, 0)
		e = le.AppendUint32(le.AppendUint32(e, uint32(4*elements)), uint32(4*elements))
		e = appendNumbers(e, uint16(len(name)), 12, 0, 0, 0, 0, 0)
		e = append(append(le.AppendUint32(e, 0xffffffff), name...), 1, 0, 8, 0)
		entries = append(entries, le.AppendUint64(e, uint64(offset))...)
		offset += recordLength(elements)
	}
	end := le.AppendUint64(append([]byte("PK\x06\x06"), make([]byte, 20)...), uint64(count+1))
	end = le.AppendUint64(end, uint64(count+1))
	end = le.AppendUint64(le.AppendUint64(end, uint64(len(entries))), uint64(offset))
	locator := le.AppendUint64([]byte("PK\x06\x07\x00\x00\x00\x00"), uint64(offset)+uint64(len(entries)))
	end = append(append(end, locator...), 1, 0, 0, 0)
	end = append(append(end, "PK\x05\x06\x00\x00\x00\x00"...), bytes.Repeat([]byte{0xff}, 12)...)
	s.tail = append(append(entries, end...), 0, 0)
	s.size = offset + int64(len(s.tail))
	return s
}

// headerLength is that of a local header with its name, padded to a constant.
const headerLength = 64

func recordLength(elements int) int64 { return headerLength + 4*int64(elements) }

// record returns the index of the record at an offset and how far into it the offset is.
func (s *synthetic) record(off int64, elements int) (index, within int64) {
	off -= int64(len(s.head))
	return off / recordLength(elements), off % recordLength(elements)
}

// localHeader is the local header of a record, with padding up to its full length.
func localHeader(index int64) []byte {
	name := fmt.Sprintf("a/data/%d", index)
	b := appendNumbers([]byte("PK\x03\x04"), 20, 0, 0, 0, 0)
	b = append(b, make([]byte, 12)...)
	b = appendNumbers(b, uint16(len(name)), uint16(headerLength-30-len(name)))
	return append(append(b, name...), make([]byte, headerLength-30-len(name))...)
}

// reader is a synthetic file as an io.ReaderAt.
type reader struct {
	*synthetic
	elements int
}

func (r reader) ReadAt(p []byte, off int64) (int, error) {
	r.reads.Add(1)
	n := 0
	for n < len(p) && off < r.size {
		part := r.part(off)
		k := len(p) - n
		if part != nil {
			k = copy(p[n:], part)
		} else {
			index, within := r.record(off, r.elements)
			k = int(min(int64(k), recordLength(r.elements)-within))
			for i := range p[n : n+k] {
				p[n+i] = byte(index) + byte(within+int64(i))
			}
		}
		n, off = n+k, off+int64(k)
	}
	r.bytes.Add(int64(n))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// part returns the bytes at an offset outside the storages, or nil within one.
func (r reader) part(off int64) []byte {
	if off < int64(len(r.head)) {
		return r.head[off:]
	}
	if start := r.size - int64(len(r.tail)); off >= start {
		return r.tail[off-start:]
	}
	index, within := r.record(off, r.elements)
	if within < headerLength {
		return localHeader(index)[within:]
	}
	return nil
}

// TestFewReads inspects a checkpoint of several gigabytes, which must take few reads, and few bytes of them.
func TestFewReads(t *testing.T) {
	t.Parallel()
	r := reader{newSynthetic(300, 4<<20), 4 << 20}
	plan, err := convert.Inspect(t.Context(), r, r.size, convert.Options{})
	if err != nil || plan.Verdict != convert.OK || len(plan.Tensors) != 300 {
		t.Fatalf("%v, %+v", err, plan)
	}
	if r.size < 5e9 || r.reads.Load() > 4 || r.bytes.Load() > 2<<20 {
		t.Errorf("%d reads of %d bytes of a file of %d", r.reads.Load(), r.bytes.Load(), r.size)
	}
}

// TestReadsWhileWriting writes small tensors, whose local headers must not cost reads of their own.
func TestReadsWhileWriting(t *testing.T) {
	t.Parallel()
	const tensors, elements = 20, 1000
	r := reader{newSynthetic(tensors, elements), elements}
	plan, err := convert.Inspect(t.Context(), r, r.size, convert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.reads.Store(0)
	if err := plan.Write(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if r.reads.Load() > tensors {
		t.Errorf("%d reads for %d tensors", r.reads.Load(), tensors)
	}
}
