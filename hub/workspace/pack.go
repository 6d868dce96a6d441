package workspace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/utils/ioutil"
)

// maxObjects bounds the objects of a pack. Indexing takes some hundred bytes of memory for each.
const maxObjects = 2_000_000

// storePack stores a pack that a stranger sends. It is written to disk and looked through before go-git indexes it,
// because that holds each object in memory as a whole: a pack of half a megabyte can stand for gigabytes.
func (s *objectStore) storePack(ctx context.Context, pack io.Reader, limits Limits) (err error) {
	name := filepath.Join(s.spoolDir, "pack")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(name)) }()
	if n, err := io.Copy(file, pack); err != nil {
		return err
	} else if n == 0 {
		return packfile.ErrEmptyPackfile
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := checkPack(ioutil.NewContextReader(ctx, file), limits); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return packfile.UpdateObjectStorage(s.storage, ioutil.NewContextReader(ctx, file))
}

// checkPack reads a pack through without keeping anything, and refuses one with too much in it.
func checkPack(pack io.Reader, limits Limits) error {
	scanner := packfile.NewScanner(bufio.NewReaderSize(pack, 64<<10))
	_, count, err := scanner.Header()
	if err != nil {
		return err
	}
	if count > maxObjects {
		return fmt.Errorf("%w: the git pack has %d objects, at most %d are taken", ErrTooLarge, count, maxObjects)
	}
	total := int64(0)
	for range count {
		size, err := objectSize(scanner, limits.ObjectBytes)
		if err != nil {
			return err
		}
		if total += size; total > limits.Bytes {
			return fmt.Errorf("%w: the git pack unpacks to more than %d bytes", ErrTooLarge, limits.Bytes)
		}
	}
	return nil
}

// objectSize reads over an object and returns its size when unpacked.
func objectSize(scanner *packfile.Scanner, limit int64) (int64, error) {
	header, err := scanner.NextObjectHeader()
	if err != nil {
		return 0, err
	}
	tooLarge := func(size int64) error {
		return fmt.Errorf("%w: a git object has %d bytes, at most %d are taken", ErrTooLarge, size, limit)
	}
	if header.Length > limit {
		return 0, tooLarge(header.Length)
	}
	var start prefix
	if _, _, err := scanner.NextObject(&start); err != nil {
		return 0, err
	}
	if header.Type != plumbing.OFSDeltaObject && header.Type != plumbing.REFDeltaObject {
		return header.Length, nil
	}
	size, err := start.deltaSize()
	if err == nil && size > limit {
		err = tooLarge(size)
	}
	return size, err
}

// prefix keeps the first bytes that are written to it.
type prefix struct {
	bytes [2 * maxVarint]byte
	n     int
}

// maxVarint is how many bytes a size in a delta may have; no more are needed for 63 bits.
const maxVarint = 9

// Write implements io.Writer.
func (p *prefix) Write(b []byte) (int, error) {
	p.n += copy(p.bytes[p.n:], b)
	return len(b), nil
}

// deltaSize is the size of what a delta makes, which stands behind the size of what it is made from.
func (p *prefix) deltaSize() (int64, error) {
	_, rest, ok := varint(p.bytes[:p.n])
	if !ok {
		return 0, errors.New("the git pack has a broken delta")
	}
	size, _, ok := varint(rest)
	if !ok {
		return 0, errors.New("the git pack has a broken delta")
	}
	return size, nil
}

// varint reads a number of 7 bits a byte, the lowest first.
func varint(b []byte) (value int64, rest []byte, ok bool) {
	for i := range min(len(b), maxVarint) {
		value |= int64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return value, b[i+1:], true
		}
	}
	return 0, nil, false
}
