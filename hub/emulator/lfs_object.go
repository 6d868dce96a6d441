package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxLFSObject bounds one uploaded file.
const maxLFSObject = 16 << 30

// lfsObjects are the large files of one repository, by the SHA-256 of their content. No repository sees another's: to
// know a hash gives no right to the content.
type lfsObjects struct {
	dir string // where each content is a file; empty: in memory

	mu     sync.RWMutex
	stored map[string]lfsObject
}

// lfsObject is one large file, in memory or on disk.
type lfsObject struct {
	size     int64
	storedAt time.Time
	content  []byte
	path     string // empty: in memory
}

// open reads the content.
func (o lfsObject) open() (io.ReadSeekCloser, error) {
	if o.path == "" {
		return memoryReader{bytes.NewReader(o.content)}, nil
	}
	return os.Open(o.path)
}

type memoryReader struct{ *bytes.Reader }

// Close implements io.Closer.
func (memoryReader) Close() error { return nil }

func (l *lfsObjects) get(oid string) (lfsObject, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	found, ok := l.stored[oid]
	return found, ok
}

// has tells whether the content of a pointer is stored, with the size it says.
func (l *lfsObjects) has(p pointer) bool {
	found, ok := l.get(p.oid)
	return ok && found.size == p.size
}

// errLFSMismatch tells that an upload is not the file it was announced as.
var errLFSMismatch = errors.New("the content does not have the announced SHA-256 and size")

// put stores the content of a pointer, read to its end.
func (l *lfsObjects) put(p pointer, from io.Reader) error {
	if l.dir != "" {
		return l.putFile(p, from)
	}
	const firstRoom = 64 << 20 // not more on the word of a stranger
	content := bytes.NewBuffer(make([]byte, 0, min(p.size+bytes.MinRead, firstRoom)))
	if err := copyLFS(p, content, from); err != nil {
		return err
	}
	l.keep(p.oid, lfsObject{size: p.size, content: content.Bytes()})
	return nil
}

// copyLFS copies the content of a pointer and checks that it is what was announced.
func copyLFS(p pointer, to io.Writer, from io.Reader) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(from, p.size+1))
	if err != nil {
		return fmt.Errorf("read the upload: %w", err)
	}
	if n != p.size || hex.EncodeToString(hash.Sum(nil)) != p.oid {
		return errLFSMismatch
	}
	return nil
}

// putFile writes beside the final place first, so that a file with the right name always is whole.
func (l *lfsObjects) putFile(p pointer, from io.Reader) (err error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(l.dir, "upload-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = part.Close()
			_ = os.Remove(part.Name())
		}
	}()
	if err := copyLFS(p, part, from); err != nil {
		return err
	}
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	path := filepath.Join(l.dir, p.oid)
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	l.keep(p.oid, lfsObject{size: p.size, storedAt: info.ModTime(), path: path})
	return syncDir(l.dir)
}

func (l *lfsObjects) keep(oid string, o lfsObject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stored == nil {
		l.stored = map[string]lfsObject{}
	}
	if o.storedAt.IsZero() {
		o.storedAt = time.Now()
	}
	l.stored[oid] = o
}

// total is the size of all objects.
func (l *lfsObjects) total() (n int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, each := range l.stored {
		n += each.size
	}
	return n
}

// load finds what an earlier process stored in a folder, and takes away what it did not finish.
func (l *lfsObjects) load(dir string) error {
	l.dir = dir
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !lfsOID.MatchString(entry.Name()) {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		l.keep(entry.Name(), lfsObject{size: info.Size(), storedAt: info.ModTime(), path: path})
	}
	return nil
}

// syncDir makes renames in a folder durable.
func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
