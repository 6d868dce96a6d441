package workspace

import (
	"encoding/hex"
	"fmt"
	"hash"
	"sync"

	"github.com/hfbot/hfbot/hub"
)

// verifiedFile hashes a remote file as far as it is read in order, and checks the hash when that reaches the end.
// Whoever jumps about gets no check, as there is none without reading all of the file.
type verifiedFile struct {
	*hub.RemoteFile
	want string // hex

	mu     sync.Mutex
	sum    hash.Hash
	hashed int64 // so many bytes from the start are in sum
	err    error // a wrong hash stays
}

// ReadAt implements io.ReaderAt.
func (f *verifiedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.RemoteFile.ReadAt(p, off)
	if corrupt := f.note(p[:n], off); corrupt != nil {
		return 0, corrupt
	}
	return n, err
}

// note hashes what follows on what was hashed before.
func (f *verifiedFile) note(p []byte, off int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	end := off + int64(len(p))
	if f.err != nil || off > f.hashed || end <= f.hashed {
		return f.err
	}
	f.sum.Write(p[f.hashed-off:])
	f.hashed = end
	if end < f.Size() {
		return nil
	}
	if got := hex.EncodeToString(f.sum.Sum(nil)); got != f.want {
		f.err = fmt.Errorf("%w: %s instead of %s", ErrCorrupt, got, f.want)
	}
	return f.err
}
