package pickle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// input reads the pickle with a bound on its length and knows its position.
type input struct {
	r     *bufio.Reader
	pos   int64
	limit int64
	buf   [8]byte
}

var errInputLimit = errors.New("the pickle is longer than the limit")

// take accounts for n bytes about to be read.
func (in *input) take(n uint64) error {
	if n > uint64(in.limit-in.pos) {
		if n >= 1<<40 {
			return fmt.Errorf("a length of %d bytes: %w", n, errTruncated)
		}
		return errInputLimit
	}
	in.pos += int64(n)
	return nil
}

func (in *input) byte() (byte, error) {
	if err := in.take(1); err != nil {
		return 0, err
	}
	b, err := in.r.ReadByte()
	return b, truncated(err)
}

// uint reads an unsigned little-endian number of n bytes, at most 8.
func (in *input) uint(n int) (uint64, error) {
	if err := in.take(uint64(n)); err != nil {
		return 0, err
	}
	in.buf = [8]byte{}
	_, err := io.ReadFull(in.r, in.buf[:n])
	return binary.LittleEndian.Uint64(in.buf[:]), truncated(err)
}

// block reads n bytes if they are at most keep, else skips them and returns nil. Memory grows with the bytes that are
// really there, not with the length that was claimed.
func (in *input) block(n uint64, keep int) ([]byte, error) {
	if err := in.take(n); err != nil {
		return nil, err
	}
	if n > uint64(keep) {
		return nil, truncated(in.skip(int64(n)))
	}
	b := make([]byte, n)
	_, err := io.ReadFull(in.r, b)
	return b, truncated(err)
}

func (in *input) skip(n int64) error {
	for n > 0 {
		step := int(min(n, 1<<20))
		done, err := in.r.Discard(step)
		n -= int64(done)
		if err != nil {
			return err
		}
	}
	return nil
}

// line reads up to a newline, which it drops. Of a line longer than keep it returns nil.
func (in *input) line(keep int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.r.ReadSlice('\n')
		if e := in.take(uint64(len(part))); e != nil {
			return nil, e
		}
		if len(line) <= keep {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, truncated(err)
		}
		break
	}
	if len(line)-1 > keep {
		return nil, nil
	}
	return line[: len(line)-1 : len(line)-1], nil
}

// truncated turns the end of the input into errTruncated and leaves other errors alone.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}
