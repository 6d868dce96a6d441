package workspace

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's own
	"encoding/binary"
	"errors"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// packed is an object of a pack that a test writes by hand.
type packed struct {
	kind    plumbing.ObjectType
	size    int64 // what its header says
	content []byte
}

// writePack makes a pack; count is what its header says.
func writePack(t testing.TB, count uint32, objects ...packed) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("PACK")
	for _, n := range []uint32{2, count} {
		if err := binary.Write(&b, binary.BigEndian, n); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range objects {
		head := byte(o.kind)<<4 | byte(o.size&15)
		for rest := o.size >> 4; ; rest >>= 7 {
			if rest == 0 {
				b.WriteByte(head)
				break
			}
			b.WriteByte(head | 0x80)
			head = byte(rest & 0x7f)
		}
		if o.kind == plumbing.REFDeltaObject {
			b.Write(make([]byte, 20))
		}
		w := zlib.NewWriter(&b)
		if _, err := w.Write(o.content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha1.Sum(b.Bytes()) //nolint:gosec // as above
	b.Write(sum[:])
	return b.Bytes()
}

func TestCheckPack(t *testing.T) {
	t.Parallel()
	limits := Limits{ObjectBytes: 1000, Bytes: 2500}
	blob := func(size int) packed { return packed{plumbing.BlobObject, int64(size), make([]byte, size)} }
	delta := func(content ...byte) packed {
		return packed{plumbing.REFDeltaObject, int64(len(content)), content}
	}
	tests := map[string]struct {
		pack []byte
		want error // nil: fine
		some bool  // any error will do
	}{
		"small":                {pack: writePack(t, 2, blob(10), blob(1000))},
		"a large object":       {pack: writePack(t, 1, blob(1001)), want: ErrTooLarge},
		"much in all":          {pack: writePack(t, 3, blob(900), blob(900), blob(900)), want: ErrTooLarge},
		"a delta":              {pack: writePack(t, 2, blob(10), delta(10, 20, 0x90, 20))},
		"a delta bomb":         {pack: writePack(t, 2, blob(10), delta(10, 0xff, 0xff, 0x7f, 0x90, 20)), want: ErrTooLarge},
		"deltas, much in all":  {pack: writePack(t, 3, delta(1, 0xe8, 7), delta(1, 0xe8, 7), delta(1, 0xe8, 7)), want: ErrTooLarge},
		"a broken delta":       {pack: writePack(t, 1, delta(0xff, 0xff)), some: true},
		"a delta without end":  {pack: writePack(t, 1, delta(bytes.Repeat([]byte{0xff}, 30)...)), some: true},
		"more than it says":    {pack: writePack(t, 1, packed{plumbing.BlobObject, 10, make([]byte, 5000)}), some: true},
		"fewer than promised":  {pack: writePack(t, 9, blob(1)), some: true},
		"a billion promised":   {pack: writePack(t, 1_000_000_000, blob(1)), want: ErrTooLarge},
		"not a pack":           {pack: []byte("hello, this is no pack"), some: true},
		"a pack without a sum": {pack: writePack(t, 2, blob(10))[:20], some: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkPack(bytes.NewReader(test.pack), limits)
			if test.some && err == nil || !test.some && !errors.Is(err, test.want) {
				t.Errorf("checkPack = %v, want %v", err, test.want)
			}
		})
	}
}

func FuzzCheckPack(f *testing.F) {
	f.Add(writePack(f, 2, packed{plumbing.BlobObject, 3, []byte("abc")}, packed{plumbing.REFDeltaObject, 4, []byte{3, 5, 0x90, 3}}))
	f.Add([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Fuzz(func(_ *testing.T, pack []byte) {
		_ = checkPack(bytes.NewReader(pack), Limits{ObjectBytes: 1 << 16, Bytes: 1 << 20}) // it must end, and not panic
	})
}
