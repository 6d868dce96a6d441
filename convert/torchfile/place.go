package torchfile

import (
	"encoding/binary"
	"fmt"
)

// place is where the bytes of a storage are. What stands before them in the file, a zip local header or the count of a
// legacy storage, is read no earlier than the bytes themselves: for a remote file it would cost a request each.
type place interface {
	// locate returns the offset of the bytes, checking what stands before them the first time.
	locate(w *window) (int64, error)
}

// countedPlace is the place of a legacy storage, which has its number of elements before it.
type countedPlace struct {
	at       int64 // offset of the number
	elements int64
	checked  bool
}

// locate implements place.
func (c *countedPlace) locate(w *window) (int64, error) {
	if c.checked {
		return c.at + 8, nil
	}
	b, err := w.bytes(c.at, 8)
	if err != nil {
		return 0, err
	}
	if got := binary.LittleEndian.Uint64(b); got != uint64(c.elements) {
		return 0, &Refusal{Malformed, fmt.Sprintf("a storage of %d elements is declared with %d", got, c.elements)}
	}
	c.checked = true
	return c.at + 8, nil
}
