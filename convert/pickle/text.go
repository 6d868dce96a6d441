package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// textOps push strings and bytes. The byte strings of Python 2 become text, because torch reads checkpoints with
// encoding utf-8.
var textOps = map[byte]operation{
	'S':  {"STRING", stringText},
	'T':  {"BINSTRING", text(4)},
	'U':  {"SHORT_BINSTRING", text(1)},
	'V':  {"UNICODE", unicodeText},
	'X':  {"BINUNICODE", text(4)},
	0x8c: {"SHORT_BINUNICODE", text(1)},
	0x8d: {"BINUNICODE8", text(8)},
	'B':  {"BINBYTES", blob(4)},
	'C':  {"SHORT_BINBYTES", blob(1)},
	0x8e: {"BINBYTES8", blob(8)},
	0x96: {"BYTEARRAY8", blob(8)},
	0x97: {"NEXT_BUFFER", outOfBand},
	0x98: {"READONLY_BUFFER", func(*machine) error { return nil }},
}

var errText = errors.New("a string is not valid UTF-8")

// text reads UTF-8 behind a length of the given width.
func text(width int) func(*machine) error {
	return func(m *machine) error {
		length, err := m.in.uint(width)
		if err != nil {
			return err
		}
		s, kept, err := m.in.text(length, m.limits.Text)
		switch {
		case err != nil:
			return err
		case !kept && length > 0:
			m.push(Long{Length: length})
		default:
			m.pushText(s)
		}
		return nil
	}
}

func blob(width int) func(*machine) error {
	return func(m *machine) error {
		b, length, err := m.block(width)
		if err != nil {
			return err
		}
		if uint64(len(b)) < length {
			m.push(Long{Length: length})
			return nil
		}
		m.charge(40 + len(b))
		m.push(Bytes(b))
		return nil
	}
}

// block reads a length of the given width and that many bytes; of more than the limit it returns none.
func (m *machine) block(width int) ([]byte, uint64, error) {
	length, err := m.in.uint(width)
	if err != nil {
		return nil, 0, err
	}
	b, err := m.in.block(length, m.limits.Text)
	return b, length, err
}

func (m *machine) pushText(s string) {
	if !utf8.ValidString(s) {
		if !halves(s) {
			m.malformed(errText)
		}
		m.push(Opaque{What: "a str that is not Unicode"})
		return
	}
	m.charge(32 + len(s))
	m.push(s)
}

// halves reports whether a string is UTF-8 except for halves of surrogate pairs, which Python's strings may hold.
func halves(s string) bool {
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		if n == 1 && s[i] >= utf8.RuneSelf {
			if n = 3; s[i] != 0xed || len(s) < i+n || s[i+1]&0xe0 != 0xa0 || s[i+2]&0xc0 != 0x80 {
				return false
			}
		}
		i += n
	}
	return true
}

// outOfBand stands for a buffer handed over beside the pickle. A file has none.
func outOfBand(m *machine) error {
	m.malformedf("a buffer outside the pickle")
	m.push(Opaque{})
	return nil
}

// stringText reads STRING, a Python 2 string literal in quotes.
func stringText(m *machine) error {
	line, err := m.in.line(m.limits.Text)
	if err != nil {
		return err
	}
	if line == nil {
		m.push(Long{Length: uint64(m.limits.Text) + 1})
		return nil
	}
	line = bytes.TrimSpace(line)
	last := len(line) - 1
	if last < 1 || line[0] != line[last] || line[0] != '\'' && line[0] != '"' {
		m.malformedf("a string without its quotes")
		m.push(Opaque{})
		return nil
	}
	s, err := unescape(string(line[1:last]))
	if err != nil {
		m.malformed(err)
	}
	m.pushText(s)
	return nil
}

// unescape resolves the escapes of a Python 2 string literal.
func unescape(s string) (string, error) {
	simple := map[byte]byte{
		'\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11,
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New("a string ends in a backslash")
		}
		if c, ok := simple[s[i]]; ok {
			out.WriteByte(c)
			continue
		}
		digits, base := 0, 8
		start := i
		switch {
		case s[i] == 'x':
			start, digits, base = i+1, 2, 16
		case s[i] >= '0' && s[i] <= '7':
			for digits < 3 && i+digits < len(s) && s[i+digits] >= '0' && s[i+digits] <= '7' {
				digits++
			}
		default:
			out.WriteString(s[i-1 : i+1])
			continue
		}
		if start+digits > len(s) {
			return "", errors.New("an escape in a string is cut short")
		}
		n, err := strconv.ParseUint(s[start:start+digits], base, 16)
		if err != nil {
			return "", fmt.Errorf("an escape in a string is wrong: %w", err)
		}
		out.WriteByte(byte(n))
		i = start + digits - 1
	}
	return out.String(), nil
}

// unicodeText reads UNICODE: Latin-1 with \uXXXX and \UXXXXXXXX escapes (Python's raw-unicode-escape).
func unicodeText(m *machine) error {
	line, err := m.in.line(m.limits.Text)
	if err != nil {
		return err
	}
	if line == nil {
		m.push(Long{Length: uint64(m.limits.Text) + 1})
		return nil
	}
	s, err := rawUnicode(string(line))
	if err != nil {
		m.malformed(err)
	}
	m.pushText(s)
	return nil
}

func rawUnicode(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) || s[i+1] != 'u' && s[i+1] != 'U' {
			out.WriteRune(rune(s[i]))
			if s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\' {
				i++
				out.WriteByte('\\')
			}
			continue
		}
		digits := 4
		if s[i+1] == 'U' {
			digits = 8
		}
		if i+2+digits > len(s) {
			return "", errors.New("an escape in a string is cut short")
		}
		n, err := strconv.ParseUint(s[i+2:i+2+digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) {
			return "", fmt.Errorf("%q is no character", s[i:i+2+digits])
		}
		out.WriteRune(rune(n))
		i += 1 + digits
	}
	return out.String(), nil
}
