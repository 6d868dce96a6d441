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

// allow checks that n bytes may be read.
func (in *input) allow(n uint64) error {
	if n <= uint64(in.limit-in.pos) {
		return nil
	}
	if n >= 1<<40 {
		return fmt.Errorf("a length of %d bytes: %w", n, errTruncated)
	}
	return errInputLimit
}

func (in *input) byte() (byte, error) {
	if err := in.allow(1); err != nil {
		return 0, err
	}
	b, err := in.r.ReadByte()
	if err != nil {
		return 0, truncated(err)
	}
	in.pos++
	return b, nil
}

// fill reads exactly len(p) bytes.
func (in *input) fill(p []byte) error {
	n, err := io.ReadFull(in.r, p)
	in.pos += int64(n)
	return truncated(err)
}

// uint reads an unsigned little-endian number of n bytes, at most 8.
func (in *input) uint(n int) (uint64, error) {
	if err := in.allow(uint64(n)); err != nil {
		return 0, err
	}
	in.buf = [8]byte{}
	err := in.fill(in.buf[:n])
	return binary.LittleEndian.Uint64(in.buf[:]), err
}

// block reads n bytes if they are at most keep, else skips them and returns nil. Memory grows with the bytes that are
// really there, not with the length that was claimed.
func (in *input) block(n uint64, keep int) ([]byte, error) {
	if err := in.allow(n); err != nil {
		return nil, err
	}
	if n > uint64(keep) {
		return nil, truncated(in.skip(int64(n)))
	}
	b := make([]byte, n)
	return b, in.fill(b)
}

func (in *input) skip(n int64) error {
	for n > 0 {
		done, err := in.r.Discard(int(min(n, 1<<20)))
		in.pos += int64(done)
		n -= int64(done)
		if err != nil {
			return err
		}
	}
	return nil
}

// text reads n bytes as a string, where block would do so.
func (in *input) text(n uint64, keep int) (s string, kept bool, err error) {
	if n > uint64(min(keep, in.r.Size())) {
		b, err := in.block(n, keep)
		return string(b), b != nil, err
	}
	if err := in.allow(n); err != nil {
		return "", false, err
	}
	b, err := in.r.Peek(int(n))
	s = string(b)
	done, _ := in.r.Discard(len(b)) // which are there
	in.pos += int64(done)
	return s, true, truncated(err)
}

// line reads up to a newline, which it drops. Of a line longer than keep it returns nil. It is valid until the next read.
func (in *input) line(keep int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.r.ReadSlice('\n')
		if e := in.allow(uint64(len(part))); e != nil {
			return nil, e
		}
		in.pos += int64(len(part))
		if err == nil && line == nil && len(part)-1 <= keep {
			return part[: len(part)-1 : len(part)-1], nil
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
