package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
)

// maxLFSObject bounds one uploaded file, since it is kept in memory.
const maxLFSObject = 4 << 30

// lfsObjects are the large files of one repository, by the SHA-256 of their content. No repository sees another's: to
// know a hash gives no right to the content.
type lfsObjects struct {
	mu     sync.RWMutex
	stored map[string][]byte
}

func (l *lfsObjects) get(oid string) ([]byte, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	content, ok := l.stored[oid]
	return content, ok
}

// has tells whether the content of a pointer is stored, with the size it says.
func (l *lfsObjects) has(p pointer) bool {
	content, ok := l.get(p.oid)
	return ok && int64(len(content)) == p.size
}

// errLFSMismatch tells that an upload is not the file it was announced as.
var errLFSMismatch = errors.New("the content does not have the announced SHA-256 and size")

// put stores the content of a pointer, read to its end.
func (l *lfsObjects) put(p pointer, from io.Reader) error {
	const firstRoom = 64 << 20 // not more on the word of a stranger
	content := bytes.NewBuffer(make([]byte, 0, min(p.size+bytes.MinRead, firstRoom)))
	if _, err := content.ReadFrom(io.LimitReader(from, p.size+1)); err != nil {
		return fmt.Errorf("read the upload: %w", err)
	}
	return l.store(p, content.Bytes())
}

// store keeps content, which must not be changed afterwards.
func (l *lfsObjects) store(p pointer, content []byte) error {
	sum := sha256.Sum256(content)
	if int64(len(content)) != p.size || hex.EncodeToString(sum[:]) != p.oid {
		return errLFSMismatch
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stored == nil {
		l.stored = map[string][]byte{}
	}
	l.stored[p.oid] = content
	return nil
}

// total is the size of all objects.
func (l *lfsObjects) total() (n int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, content := range l.stored {
		n += int64(len(content))
	}
	return n
}
