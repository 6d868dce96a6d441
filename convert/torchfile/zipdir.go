package torchfile

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// This is a reader of the zip format of its own, because archive/zip hides where an entry's local header is and so
// costs a read per entry to find the data. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

const (
	localHeaderLen   = 30
	centralHeaderLen = 46
	endLen           = 22
	end64Len         = 56
	locatorLen       = 20
	maxEntries       = 200_000
	maxNames         = 32 << 20 // bytes of all names together
	stored           = 0
	deflated         = 8
	flagEncrypted    = 0x2041 // any of: encrypted, strongly encrypted, central directory masked
)

var le = binary.LittleEndian

// zipEntry is one record of the central directory.
type zipEntry struct {
	name       string
	method     uint16
	flags      uint16
	crc        uint32
	compressed int64
	size       int64
	header     int64 // offset of the local header
	limit      int64 // offset of what follows the entry: the next one or the directory
}

// malformedZip returns the refusal of a broken zip.
func malformedZip(format string, args ...any) error {
	return &Refusal{Malformed, "zip: " + fmt.Sprintf(format, args...)}
}

// readDirectory reads the central directory. Only the tail of the file is read, once if the directory is short.
func readDirectory(w *window) ([]*zipEntry, error) {
	tail := min(w.size, windowSize)
	if err := w.prefetch(w.size-tail, tail); err != nil {
		return nil, err
	}
	start, length, count, err := findDirectory(w)
	if err != nil {
		return nil, err
	}
	if count > maxEntries {
		return nil, malformedZip("%d entries are too many", count)
	}
	if start < w.size-tail {
		if err := w.prefetch(start, length); err != nil {
			return nil, err
		}
	}
	r := bufio.NewReaderSize(io.NewSectionReader(w, start, length), 32<<10)
	entries := make([]*zipEntry, 0, min(count, 4096))
	names := 0
	for range count {
		e, err := readEntry(r)
		if err != nil {
			return nil, err
		}
		if names += len(e.name); names > maxNames {
			return nil, malformedZip("the names are too long")
		}
		entries = append(entries, e)
	}
	return entries, arrange(entries, start)
}

// findDirectory finds the central directory by the record at the end of the file.
func findDirectory(w *window) (start, length int64, count uint64, err error) {
	n := min(w.size, endLen+math.MaxUint16)
	tail, err := w.bytes(w.size-n, n)
	if err != nil {
		return 0, 0, 0, err
	}
	at := -1
	for i := len(tail) - endLen; i >= 0 && at < 0; i-- {
		if bytes.HasPrefix(tail[i:], []byte("PK\x05\x06")) && i+endLen+int(le.Uint16(tail[i+20:])) == len(tail) {
			at = i
		}
	}
	if at < 0 {
		return 0, 0, 0, malformedZip("the end of the archive is missing")
	}
	end := tail[at:]
	count = uint64(le.Uint16(end[10:]))
	length, start = int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	limit := w.size - n + int64(at)
	if count == math.MaxUint16 || length == math.MaxUint32 || start == math.MaxUint32 {
		return findDirectory64(w, limit)
	}
	if start+length > limit {
		return 0, 0, 0, malformedZip("the directory lies past its end record")
	}
	return start, length, count, nil
}

// findDirectory64 reads the end record of a zip with more entries or bytes than fit the old one at offset end.
func findDirectory64(w *window, end int64) (start, length int64, count uint64, err error) {
	if end < locatorLen {
		return 0, 0, 0, malformedZip("no zip64 locator")
	}
	locator, err := w.bytes(end-locatorLen, locatorLen)
	if err != nil {
		return 0, 0, 0, err
	}
	at := le.Uint64(locator[8:])
	if !bytes.HasPrefix(locator, []byte("PK\x06\x07")) || at > uint64(end-locatorLen) ||
		end-locatorLen-int64(at) < end64Len {
		return 0, 0, 0, malformedZip("no zip64 locator")
	}
	record, err := w.bytes(int64(at), end64Len)
	if err != nil {
		return 0, 0, 0, err
	}
	count = le.Uint64(record[32:])
	size, offset := le.Uint64(record[40:]), le.Uint64(record[48:])
	if !bytes.HasPrefix(record, []byte("PK\x06\x06")) || offset > at || size > at-offset {
		return 0, 0, 0, malformedZip("the zip64 end record is wrong")
	}
	return int64(offset), int64(size), count, nil
}

func readEntry(r *bufio.Reader) (*zipEntry, error) {
	var h [centralHeaderLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, directoryError(err)
	}
	if !bytes.HasPrefix(h[:], []byte("PK\x01\x02")) {
		return nil, malformedZip("the directory holds something that is no entry")
	}
	nameLen, extraLen, commentLen := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	text := make([]byte, nameLen+extraLen)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, directoryError(err)
	}
	if _, err := r.Discard(commentLen); err != nil {
		return nil, directoryError(err)
	}
	e := &zipEntry{
		name: string(text[:nameLen]), method: le.Uint16(h[10:]), flags: le.Uint16(h[8:]), crc: le.Uint32(h[16:]),
		compressed: int64(le.Uint32(h[20:])), size: int64(le.Uint32(h[24:])), header: int64(le.Uint32(h[42:])),
	}
	if !utf8.ValidString(e.name) {
		return nil, malformedZip("the name %.100q is not UTF-8", e.name)
	}
	if !e.widen(text[nameLen:]) {
		return nil, malformedZip("the zip64 field of %.100q is wrong", e.name)
	}
	return e, nil
}

func directoryError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return malformedZip("the directory is cut short")
	}
	return err
}

// widen takes the numbers that did not fit 32 bits from the zip64 extra field, and reports whether all are there.
func (e *zipEntry) widen(extra []byte) bool {
	var wide []byte
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		if id == 1 {
			wide = extra[4 : 4+n]
			break
		}
		extra = extra[4+n:]
	}
	for _, field := range []*int64{&e.size, &e.compressed, &e.header} {
		if *field != math.MaxUint32 {
			continue
		}
		if len(wide) < 8 || le.Uint64(wide) > math.MaxInt64 {
			return false
		}
		*field = int64(le.Uint64(wide))
		wide = wide[8:]
	}
	return true
}

// arrange gives each entry its limit and checks that none reaches into the next, or is there twice.
func arrange(entries []*zipEntry, directory int64) error {
	byPlace := slices.Clone(entries)
	slices.SortFunc(byPlace, func(a, b *zipEntry) int { return cmp.Compare(a.header, b.header) })
	for i, e := range byPlace {
		e.limit = directory
		if i+1 < len(byPlace) {
			e.limit = byPlace[i+1].header
		}
	}
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		if seen[e.name] {
			return malformedZip("%.100q is there twice", e.name)
		}
		seen[e.name] = true
		if room := e.limit - e.header - localHeaderLen - int64(len(e.name)); e.compressed > room {
			return malformedZip("%.100q overlaps what follows it", e.name)
		}
	}
	return nil
}

// place is where the bytes of a stored entry are.
func (e *zipEntry) place() *place {
	return &place{header: e.header, limit: e.limit, size: e.compressed, crc: e.crc, resolve: e.resolve}
}

// resolve reads the local header, which has a length of its own, and checks it against the directory.
func (e *zipEntry) resolve(w *window, p *place) error {
	h, err := w.bytes(p.header, localHeaderLen+int64(len(e.name)))
	if errors.Is(err, io.EOF) {
		return malformedZip("%.100q lies past the end of the file", e.name)
	}
	if err != nil {
		return err
	}
	nameLen, extraLen := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	if !bytes.HasPrefix(h, []byte("PK\x03\x04")) || nameLen != int64(len(e.name)) ||
		string(h[localHeaderLen:]) != e.name || le.Uint16(h[8:]) != e.method {
		return malformedZip("the local header of %.100q differs from the directory", e.name)
	}
	data := p.header + localHeaderLen + nameLen + extraLen
	if p.size > p.limit-data {
		return malformedZip("%.100q overlaps what follows it", e.name)
	}
	p.data = data
	return nil
}
