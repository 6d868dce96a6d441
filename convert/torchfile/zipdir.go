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
	"sort"
	"strings"
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
	header     int64    // offset of the local header
	limit      int64    // offset of what follows the entry: the next one or the directory
	data       int64    // offset of the bytes; 0 until known
	storage    *Storage // that was last found to be here
}

// directory is the entries in the order of the zip. A model has many, so that they are found by a sorted list of numbers
// and not by a map.
type directory struct {
	entries []zipEntry
	byName  []int32 // indexes of entries
}

// find returns the first entry of a name, given in parts, or nil.
func (d *directory) find(parts ...string) *zipEntry {
	name := strings.Join(parts, "")
	i := sort.Search(len(d.byName), func(i int) bool { return compareNames(d.entries[d.byName[i]].name, name) >= 0 })
	if i == len(d.byName) || d.entries[d.byName[i]].name != name {
		return nil
	}
	return &d.entries[d.byName[i]]
}

// compareNames orders names without regard to case, and equal ones by their bytes.
func compareNames(a, b string) int { return cmp.Or(compareFolded(a, b), cmp.Compare(a, b)) }

// compareFolded orders names without regard to the case of ASCII letters, which is how torch looks for them.
func compareFolded(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// sorted returns the indexes of the entries in an order.
func (d *directory) sorted(order func(a, b *zipEntry) int) []int32 {
	list := make([]int32, len(d.entries))
	for i := range list {
		list[i] = int32(i)
	}
	slices.SortStableFunc(list, func(a, b int32) int { return order(&d.entries[a], &d.entries[b]) })
	return list
}

// malformedZip returns the refusal of a broken zip.
func malformedZip(format string, args ...any) error {
	return &Refusal{Malformed, "zip: " + fmt.Sprintf(format, args...)}
}

// readDirectory reads the central directory. Only the tail of the file is read, once if the directory is short. Of a
// directory with a fault the entries are returned beside the error, since other programs may read them all the same.
func readDirectory(w *window) (*directory, error) {
	tail := min(w.size, windowSize)
	if err := w.prefetch(w.size-tail, tail); err != nil {
		return nil, err
	}
	d := &directory{}
	at, fault := findDirectory(w)
	if at == nil {
		return d, fault
	}
	if at.start < w.size-tail {
		if err := w.prefetch(at.start, at.length); err != nil {
			return d, err
		}
	}
	if err := d.read(io.NewSectionReader(w, at.start, at.length), at.count); err != nil {
		d.entries = nil
		return d, err
	}
	if err := d.arrange(at.start); err != nil {
		return d, err
	}
	if fault == nil && uint64(len(d.entries)) != at.count {
		fault = malformedZip("the directory holds %d entries and says %d", len(d.entries), at.count)
	}
	return d, fault
}

// read takes all entries that there are.
func (d *directory) read(r io.Reader, count uint64) error {
	in := bufio.NewReaderSize(r, 32<<10)
	d.entries = make([]zipEntry, 0, min(count, maxEntries))
	names := 0
	var text []byte
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return nil
		}
		if len(d.entries) == maxEntries {
			return malformedZip("more than %d entries are too many", maxEntries)
		}
		d.entries = append(d.entries, zipEntry{})
		e := &d.entries[len(d.entries)-1]
		var err error
		if text, err = e.read(in, text); err != nil {
			return err
		}
		if names += len(e.name); names > maxNames {
			return malformedZip("the names are too long")
		}
	}
}

// extent is where the central directory is.
type extent struct {
	start, length int64
	count         uint64 // of entries
}

// endSignature begins the record at the end of a zip.
var endSignature = []byte("PK\x05\x06")

// findDirectory finds the central directory by the record at the end of the file. The error may be a fault beside which
// there is a directory.
func findDirectory(w *window) (*extent, error) {
	n := min(w.size, endLen+math.MaxUint16)
	tail, err := w.bytes(w.size-n, n)
	if err != nil {
		return nil, err
	}
	at := -1
	for i := len(tail) - endLen; i >= 0 && at < 0; i-- {
		if bytes.HasPrefix(tail[i:], endSignature) && i+endLen+int(le.Uint16(tail[i+20:])) == len(tail) {
			at = i
		}
	}
	if at < 0 {
		return nil, malformedZip("the end of the archive is missing")
	}
	end, limit := tail[at:], w.size-n+int64(at)
	found := &extent{int64(le.Uint32(end[16:])), int64(le.Uint32(end[12:])), uint64(le.Uint16(end[10:]))}
	var fault error
	locator, err := w.bytes(max(0, limit-locatorLen), min(limit, locatorLen))
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
		wide, err := findDirectory64(w, locator, limit-locatorLen)
		if err != nil {
			return nil, err
		}
		if found.count != wide.count && found.count != math.MaxUint16 ||
			found.length != wide.length && found.length != math.MaxUint32 ||
			found.start != wide.start && found.start != math.MaxUint32 {
			fault = malformedZip("its two end records differ")
		}
		found = wide
	} else if found.start+found.length != limit {
		fault = malformedZip("the directory does not reach up to its end record")
		if found.start+found.length > limit {
			return nil, fault
		}
	}
	if le.Uint32(end[4:]) != 0 || le.Uint16(end[8:]) != le.Uint16(end[10:]) {
		fault = malformedZip("it is a part of several")
	}
	if bytes.Contains(end[1:], endSignature) { // torch takes the last that looks like one, whatever its length
		fault = malformedZip("it has two ends")
	}
	return found, fault
}

// findDirectory64 reads the end record of a zip with more entries or bytes than fit the old one. The locator of the
// record stands at offset end.
func findDirectory64(w *window, locator []byte, end int64) (*extent, error) {
	at := le.Uint64(locator[8:])
	if at > uint64(end) || end-int64(at) < end64Len {
		return nil, malformedZip("the zip64 locator is wrong")
	}
	record, err := w.bytes(int64(at), end64Len)
	if err != nil {
		return nil, err
	}
	count := le.Uint64(record[32:])
	size, offset := le.Uint64(record[40:]), le.Uint64(record[48:])
	if !bytes.HasPrefix(record, []byte("PK\x06\x06")) || offset > at || size != at-offset ||
		le.Uint64(record[16:]) != 0 || le.Uint64(record[24:]) != count {
		return nil, malformedZip("the zip64 end record is wrong")
	}
	return &extent{int64(offset), int64(size), count}, nil
}

// read takes an entry from the directory. The buffer is used and returned, to be used again.
func (e *zipEntry) read(r *bufio.Reader, buf []byte) ([]byte, error) {
	buf = append(buf[:0], make([]byte, centralHeaderLen)...)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, directoryError(err)
	}
	if !bytes.HasPrefix(buf, []byte("PK\x01\x02")) {
		return nil, malformedZip("the directory holds something that is no entry")
	}
	e.method, e.flags, e.crc = le.Uint16(buf[10:]), le.Uint16(buf[8:]), le.Uint32(buf[16:])
	e.compressed, e.size, e.header = int64(le.Uint32(buf[20:])), int64(le.Uint32(buf[24:])), int64(le.Uint32(buf[42:]))
	nameLen, extraLen, commentLen := int(le.Uint16(buf[28:])), int(le.Uint16(buf[30:])), int(le.Uint16(buf[32:]))
	buf = append(buf[:0], make([]byte, nameLen+extraLen)...)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, directoryError(err)
	}
	if _, err := r.Discard(commentLen); err != nil {
		return nil, directoryError(err)
	}
	e.name = string(buf[:nameLen])
	if !utf8.ValidString(e.name) || strings.Contains(e.name, "\x00") {
		return nil, malformedZip("the name %.100q is not text", e.name)
	}
	if !e.widen(buf[nameLen:]) {
		return nil, malformedZip("the zip64 field of %.100q is wrong", e.name)
	}
	return buf, nil
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
func (d *directory) arrange(end int64) error {
	byPlace := d.sorted(func(a, b *zipEntry) int { return cmp.Compare(a.header, b.header) })
	for i, at := range byPlace {
		d.entries[at].limit = end
		if i+1 < len(byPlace) {
			d.entries[at].limit = d.entries[byPlace[i+1]].header
		}
	}
	d.byName = d.sorted(func(a, b *zipEntry) int { return compareNames(a.name, b.name) })
	for i, at := range d.byName {
		e := &d.entries[at]
		if i > 0 && compareFolded(e.name, d.entries[d.byName[i-1]].name) == 0 {
			return malformedZip("%.100q is there twice", e.name)
		}
		if e.method == stored && e.flags&flagEncrypted == 0 && e.size != e.compressed {
			return malformedZip("%.100q has two sizes", e.name)
		}
		if room := e.limit - e.header - localHeaderLen - int64(len(e.name)); e.compressed > room {
			return malformedZip("%.100q overlaps what follows it", e.name)
		}
	}
	return nil
}

// locate implements place. It reads the local header, which has a length of its own, and checks it against the directory.
func (e *zipEntry) locate(w *window) (int64, error) {
	if e.data != 0 {
		return e.data, nil
	}
	h, err := w.bytes(e.header, localHeaderLen+int64(len(e.name)))
	if errors.Is(err, io.EOF) {
		return 0, malformedZip("%.100q lies past the end of the file", e.name)
	}
	if err != nil {
		return 0, err
	}
	nameLen, extraLen := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	if !bytes.HasPrefix(h, []byte("PK\x03\x04")) || nameLen != int64(len(e.name)) ||
		string(h[localHeaderLen:]) != e.name || le.Uint16(h[8:]) != e.method {
		return 0, malformedZip("the local header of %.100q differs from the directory", e.name)
	}
	data := e.header + localHeaderLen + nameLen + extraLen
	if e.compressed > e.limit-data {
		return 0, malformedZip("%.100q overlaps what follows it", e.name)
	}
	e.data = data
	return data, nil
}
