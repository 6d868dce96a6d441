package torchfile

import (
	"encoding/binary"
	"fmt"
)

// place is where the bytes of a storage are. What stands before them in the file, a zip local header or the count of a
// legacy storage, is read no earlier than the bytes themselves: for a remote file it would cost a request each.
type place struct {
	header  int64  // offset of what stands before the bytes
	limit   int64  // offset that the bytes must not pass
	size    int64  // bytes
	data    int64  // offset of the bytes; 0 until known
	crc     uint32 // CRC-32 of the bytes, 0 if not known
	resolve func(w *window, p *place) error
}

// locate returns the offset of the bytes, checking what stands before them the first time.
func (p *place) locate(w *window) (int64, error) {
	if p.data != 0 {
		return p.data, nil
	}
	if err := p.resolve(w, p); err != nil {
		return 0, err
	}
	return p.data, nil
}

// countBefore resolves the place of a legacy storage, which has its number of elements before it.
func countBefore(elements int64) func(*window, *place) error {
	return func(w *window, p *place) error {
		b, err := w.bytes(p.header, 8)
		if err != nil {
			return err
		}
		if got := binary.LittleEndian.Uint64(b); got != uint64(elements) {
			return &Refusal{Malformed, fmt.Sprintf("a storage of %d elements is declared with %d", got, elements)}
		}
		p.data = p.header + 8
		return nil
	}
}
