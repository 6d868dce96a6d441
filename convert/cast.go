package convert

import (
	"encoding/binary"
	"math"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// castBlock is how many bytes are cast at a time.
const castBlock = 256 << 10

// outputType is the type a tensor is written as. Only floating point numbers of 16 bits and more change.
func outputType(from safetensors.DType, option string) safetensors.DType {
	to := map[string]safetensors.DType{ToBF16: safetensors.BF16, ToF16: safetensors.F16}[option]
	switch from {
	case safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16:
		if to != "" {
			return to
		}
	}
	return from
}

// caster casts the elements of one file, in buffers that it keeps.
type caster struct {
	in, out []byte
}

// cast returns whole elements as another type. The result is valid until the next call.
func (c *caster) cast(b []byte, from, to safetensors.DType) []byte {
	if from == to {
		return b
	}
	width := int(from.Bits() / 8)
	n := len(b) / width
	if cap(c.out) < 2*n {
		c.out = make([]byte, 2*n)
	}
	out := c.out[:2*n]
	read, round := elements[from], roundF16
	if to == safetensors.BF16 {
		round = roundBF16
	}
	for i := range n {
		binary.LittleEndian.PutUint16(out[2*i:], round(read(b[width*i:])))
	}
	return out
}

// buffer returns room for n bytes to be cast.
func (c *caster) buffer(n int64) []byte {
	if c.in == nil {
		c.in = make([]byte, castBlock)
	}
	return c.in[:n]
}

// elements give an element as the bits of a float32. A float64 is rounded to odd: cut off, with the last bit set if
// anything was lost, so that rounding again to fewer bits gives what rounding once would have.
var elements = map[safetensors.DType]func([]byte) uint32{
	safetensors.F64:  func(b []byte) uint32 { return narrow(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	safetensors.F32:  binary.LittleEndian.Uint32,
	safetensors.F16:  func(b []byte) uint32 { return widenF16(binary.LittleEndian.Uint16(b)) },
	safetensors.BF16: func(b []byte) uint32 { return uint32(binary.LittleEndian.Uint16(b)) << 16 },
}

// narrow rounds a float64 to odd.
func narrow(f float64) uint32 {
	g := float32(f)
	bits := math.Float32bits(g)
	if float64(g) == f || f != f {
		return bits
	}
	if math.Abs(float64(g)) > math.Abs(f) {
		bits-- // towards zero; of an infinity this is the largest number
	}
	return bits | 1
}

// roundBF16 rounds a float32 to bfloat16, to nearest even. A NaN stays one.
func roundBF16(bits uint32) uint16 {
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16)&0x8000 | 0x7fc0
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// roundF16 rounds a float32 to binary16, to nearest even. What is too large becomes an infinity, a NaN stays one.
func roundF16(bits uint32) uint16 {
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000:
		return sign | 0x7e00
	case bits >= 0x477ff000: // 65520, half way from the largest number to the next that there would be
		return sign | 0x7c00
	case bits >= 0x38800000: // 2^-14, the smallest normal number
		bits -= 112 << 23
		return sign | uint16((bits+0xfff+bits>>13&1)>>13)
	case bits < 0x33000000: // 2^-25, half the smallest number
		return sign
	}
	shift := 126 - bits>>23 // 14 to 24, so that the result counts units of 2^-24
	mantissa := bits&0x7fffff | 0x800000
	rounded := mantissa + (1<<(shift-1) - 1) + mantissa>>shift&1
	return sign | uint16(rounded>>shift)
}

// widenF16 returns the bits of the float32 of the same value.
func widenF16(h uint16) uint32 {
	sign, exponent, mantissa := uint32(h&0x8000)<<16, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return sign | math.Float32bits(float32(mantissa)*0x1p-24)
	case 31:
		return sign | 0x7f800000 | mantissa<<13
	}
	return sign | (exponent+112)<<23 | mantissa<<13
}
