package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads the JSON of a header, which is UTF-8. It is an own one because a header of 100,000 tensors costs
// encoding/json some hundred bytes of garbage for each, and because that takes escapes of half a character.
type scanner struct {
	text []byte
	pos  int
}

// next returns the next byte that is no space, without taking it.
func (s *scanner) next() (byte, error) {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c, nil
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// take takes the next byte, which must be the one given.
func (s *scanner) take(want byte) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("invalid character %q at byte %d, where %c should be", c, s.pos, want)
	}
	s.pos++
	return nil
}

// sequence reads what stands between two brackets, calling item for each of the parts that commas separate.
func (s *scanner) sequence(open, end byte, item func() error) error {
	if err := s.take(open); err != nil {
		return err
	}
	if c, err := s.next(); err != nil || c == end {
		s.pos++
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		c, err := s.next()
		if err != nil {
			return err
		}
		if c == end {
			s.pos++
			return nil
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// members reads an object, calling visit after each of its keys to read the value.
func (s *scanner) members(visit func(key string) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.str()
		if err == nil {
			err = s.take(':')
		}
		if err == nil {
			err = visit(key)
		}
		return err
	})
}

// integers reads a list of integers.
func (s *scanner) integers() ([]int64, error) {
	list := []int64{}
	err := s.sequence('[', ']', func() error {
		n, err := s.integer()
		list = append(list, n)
		return err
	})
	return list, err
}

func (s *scanner) integer() (int64, error) {
	if _, err := s.next(); err != nil {
		return 0, err
	}
	start := s.pos
	for s.pos < len(s.text) && isNumeric(s.text[s.pos]) {
		s.pos++
	}
	digits := string(s.text[start:s.pos])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != digits {
		return 0, fmt.Errorf("number %.40s at byte %d is no integer of 64 bits", digits, start)
	}
	return n, nil
}

func isNumeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

var errString = errors.New("a string is not valid JSON")

// str reads a string.
func (s *scanner) str() (string, error) {
	if err := s.take('"'); err != nil {
		return "", err
	}
	start := s.pos
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return string(s.text[start : s.pos-1]), nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return "", errString
		}
	}
	return "", io.ErrUnexpectedEOF
}

// escaped reads the rest of a string that has escapes.
func (s *scanner) escaped(start int) (string, error) {
	short := map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	out := bytes.Clone(s.text[start:s.pos])
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == '"':
			return string(out), nil
		case c < 0x20:
			return "", errString
		case c != '\\':
			out = append(out, c)
			continue
		case s.pos == len(s.text):
			return "", io.ErrUnexpectedEOF
		}
		c = s.text[s.pos]
		s.pos++
		if plain, ok := short[c]; ok {
			out = append(out, plain)
			continue
		}
		r, ok := rune(0), c == 'u'
		if ok {
			r, ok = s.unicode()
		}
		if !ok {
			return "", errString
		}
		out = utf8.AppendRune(out, r)
	}
	return "", io.ErrUnexpectedEOF
}

// unicode reads the digits of an escaped character, and of its other half if it is the first of two.
func (s *scanner) unicode() (rune, bool) {
	high, ok := s.hex()
	if !ok || !utf16.IsSurrogate(high) {
		return high, ok
	}
	if !bytes.HasPrefix(s.text[s.pos:], []byte(`\u`)) {
		return 0, false
	}
	s.pos += 2
	low, ok := s.hex()
	r := utf16.DecodeRune(high, low)
	return r, ok && r != utf8.RuneError
}

func (s *scanner) hex() (rune, bool) {
	if s.pos+4 > len(s.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.text[s.pos:s.pos+4]), 16, 16)
	s.pos += 4
	return rune(n & math.MaxUint16), err == nil
}
