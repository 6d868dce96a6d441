package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// maxNumber is the longest number taken, in bytes or in decimal digits: what Python itself takes of the latter. A
// checkpoint needs 20 digits.
const maxNumber = 4301

// numberOps push None, booleans and numbers.
var numberOps = map[byte]operation{
	'N':  {"NONE", func(m *machine) error { m.push(None{}); return nil }},
	0x88: {"NEWTRUE", func(m *machine) error { m.push(true); return nil }},
	0x89: {"NEWFALSE", func(m *machine) error { m.push(false); return nil }},
	'I':  {"INT", intText},
	'J':  {"BININT", binaryInt(4, func(u uint64) int64 { return int64(int32(u)) })},
	'K':  {"BININT1", binaryInt(1, func(u uint64) int64 { return int64(u) })},
	'M':  {"BININT2", binaryInt(2, func(u uint64) int64 { return int64(u) })},
	'L':  {"LONG", longText},
	0x8a: {"LONG1", long(1)},
	0x8b: {"LONG4", long(4)},
	'F':  {"FLOAT", floatText},
	'G':  {"BINFLOAT", binaryFloat},
}

func binaryInt(width int, convert func(uint64) int64) func(*machine) error {
	return func(m *machine) error {
		u, err := m.in.uint(width)
		if err == nil {
			m.push(convert(u))
		}
		return err
	}
}

// intText reads INT, which also writes booleans, as 00 and 01.
func intText(m *machine) error {
	line, err := m.in.line(maxNumber)
	if err != nil {
		return err
	}
	switch string(line) {
	case "00":
		m.push(false)
	case "01":
		m.push(true)
	default:
		m.pushDecimal(line)
	}
	return nil
}

func longText(m *machine) error {
	line, err := m.in.line(maxNumber)
	if err == nil {
		m.pushDecimal(bytes.TrimSuffix(line, []byte("L")))
	}
	return err
}

func (m *machine) pushDecimal(text []byte) {
	if small, err := strconv.ParseInt(string(text), 10, 64); err == nil && len(text) < 19 {
		m.push(small)
		return
	}
	n, err := decimal(text)
	if err != nil {
		m.malformed(err)
		m.push(Opaque{})
		return
	}
	m.pushInt(n)
}

func decimal(text []byte) (*big.Int, error) {
	if len(text) == 0 {
		return nil, errors.New("a number is missing or too long")
	}
	n, ok := new(big.Int).SetString(string(bytes.TrimSpace(text)), 10)
	if !ok {
		return nil, fmt.Errorf("%.40q is no number", text)
	}
	return n, nil
}

// long reads a little-endian two's complement number behind a length of the given width.
func long(width int) func(*machine) error {
	return func(m *machine) error {
		length, err := m.in.uint(width)
		if err != nil {
			return err
		}
		if width == 4 && length > math.MaxInt32 {
			m.malformedf("a number of negative length")
			m.push(Opaque{})
			return nil
		}
		b, err := m.in.block(length, maxNumber)
		if err != nil {
			return err
		}
		if b == nil && length > 0 {
			m.push(Long{Length: length})
			return nil
		}
		m.pushInt(twosComplement(b))
		return nil
	}
}

func twosComplement(b []byte) *big.Int {
	slices.Reverse(b)
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

func (m *machine) pushInt(n *big.Int) {
	if n.IsInt64() {
		m.push(n.Int64())
		return
	}
	m.charge(64 + len(n.Bits())*8)
	m.push(n)
}

func floatText(m *machine) error {
	line, err := m.in.line(maxNumber)
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(line)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		m.malformedf("%.40q is no number", line)
	}
	m.push(f)
	return nil
}

func binaryFloat(m *machine) error {
	u, err := m.in.uint(8)
	if err == nil {
		b := binary.LittleEndian.AppendUint64(nil, u)
		m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	return err
}
