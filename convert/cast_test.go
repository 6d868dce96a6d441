package convert_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// cast converts numbers of a torch type, given as bytes, and returns the 16-bit results.
func cast(tb testing.TB, class string, size int, data []byte, dtype string) []uint16 {
	tb.Helper()
	n := len(data) / size
	v := tensor(storage(class, "0", n), 0, []int{n}, []int{1})
	plan := inspect(tb, torchZip(state(dict("w", v)), string(data)), convert.Options{DType: dtype})
	if plan.Verdict != convert.OK {
		tb.Fatal(plan.Reason)
	}
	file := write(tb, plan)
	var out []uint16
	for b := file[len(file)-2*n:]; len(b) > 0; b = b[2:] {
		out = append(out, binary.LittleEndian.Uint16(b))
	}
	return out
}

// f16 and bf16 are the values of 16-bit numbers, worked out from their definitions.
func f16(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	exponent, fraction := int(h>>10&31), float64(h&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * 65536 // where the next number would be: what infinity stands for in rounding
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func bf16(h uint16) float64 {
	v := float64(math.Float32frombits(uint32(h) << 16))
	if math.IsInf(v, 0) {
		return math.Copysign(math.Ldexp(1, 128), v)
	}
	return v
}

// nearestEven reports whether got is the number next to want, and the even one of two equally near.
func nearestEven(want float64, got uint16, value func(uint16) float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(value(got))
	}
	if math.Signbit(want) != (got>>15 == 1) {
		return false
	}
	distance := math.Abs(value(got) - want)
	for _, other := range []uint16{got - 1, got + 1} {
		v := value(other)
		if other>>15 != got>>15 || math.IsNaN(v) {
			continue
		}
		d := math.Abs(v - want)
		if d < distance || d == distance && got&1 == 1 {
			return math.IsInf(want, 0)
		}
	}
	return true
}

// interesting are numbers at the edges of the 16-bit types, and random ones.
func interesting() []float64 {
	numbers := []float64{
		0, math.Copysign(0, -1), 1, -1, 1.0009765625, 1.00048828125, 1.001464843750, 65504, 65519.99, 65520, 65536,
		1e30,
		math.Inf(1), math.Inf(-1), math.NaN(), 0x1p-14, 0x1p-24, 0x1p-25, 0x1.000001p-25, 0x1p-26, 0x1.8p-24, -0x1p-149,
		math.MaxFloat32, -math.MaxFloat32, 1.00390625, 1.01171875, 0x1.01p0, 0x1.0100000001p0, 0x1.0080000000001p0,
		0x1.002p0, 0x1.0020000000001p0, 0x1.fffffep127, 1e300, -1e300, 5e-324,
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		numbers = append(numbers, math.Ldexp(random.Float64()*2-1, random.IntN(60)-35))
		numbers = append(numbers, math.Ldexp(float64(random.IntN(4096)), random.IntN(40)-30)) // many are half way
	}
	return numbers
}

func TestCast(t *testing.T) {
	t.Parallel()
	var doubles, singles []byte
	numbers := interesting()
	for _, f := range numbers {
		doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(f))
		singles = binary.LittleEndian.AppendUint32(singles, math.Float32bits(float32(f)))
	}
	for dtype, value := range map[string]func(uint16) float64{convert.ToF16: f16, convert.ToBF16: bf16} {
		for i, got := range cast(t, "DoubleStorage", 8, doubles, dtype) {
			if !nearestEven(clamp(numbers[i], value), got, value) {
				t.Errorf("%x as %s is %04x (%x)", numbers[i], dtype, got, value(got))
			}
		}
		for i, got := range cast(t, "FloatStorage", 4, singles, dtype) {
			if want := float64(float32(numbers[i])); !nearestEven(clamp(want, value), got, value) {
				t.Errorf("%x as %s is %04x (%x)", want, dtype, got, value(got))
			}
		}
	}
}

// clamp brings what is beyond the numbers of a type to where its infinity stands.
func clamp(f float64, value func(uint16) float64) float64 {
	infinity := value(0x7c00)
	if math.Abs(f) > 0x1p100 && infinity < 0x1p100 || math.IsInf(f, 0) || math.Abs(f) > 0x1p128 {
		limit := math.Ldexp(1, 128)
		if infinity == 65536 {
			limit = 65536
		}
		return math.Copysign(limit, f)
	}
	if infinity == 65536 && math.Abs(f) > 65536 {
		return math.Copysign(65536, f)
	}
	return f
}

// TestCastHalves takes every 16-bit number to its own type and through the other.
func TestCastHalves(t *testing.T) {
	t.Parallel()
	var all []byte
	for h := range 1 << 16 {
		all = binary.LittleEndian.AppendUint16(all, uint16(h))
	}
	for h, got := range cast(t, "HalfStorage", 2, all, convert.ToF16) {
		if int(got) != h {
			t.Fatalf("%04x became %04x", h, got)
		}
	}
	for h, got := range cast(t, "HalfStorage", 2, all, convert.ToBF16) {
		want := f16(uint16(h))
		if h&0x7fff == 0x7c00 {
			want = math.Inf(1 - 2*(h>>15))
		}
		if !nearestEven(clamp(want, bf16), got, bf16) {
			t.Fatalf("%04x (%x) became %04x", h, want, got)
		}
	}
	for h, got := range cast(t, "BFloat16Storage", 2, all, convert.ToF16) {
		if want := bf16(uint16(h)); !nearestEven(clamp(want, f16), got, f16) {
			t.Fatalf("%04x (%x) became %04x", h, want, got)
		}
	}
}

// TestCastLeavesOthers checks that only floating point numbers of 16 bits and more change.
func TestCastLeavesOthers(t *testing.T) {
	t.Parallel()
	data := torchZip(state(dict(
		"i", tensor(storage("LongStorage", "0", 2), 0, []int{2}, []int{1}),
		"c", tensor(storage("ComplexFloatStorage", "0", 2), 0, []int{2}, []int{1}),
		"f", tensor(storage("FloatStorage", "0", 4), 0, []int{2, 2}, []int{1, 2}),
	)), counting(4))
	plan := inspect(t, data, convert.Options{DType: convert.ToBF16})
	want := map[string]string{"i": "I64", "c": "C64", "f": "BF16"}
	for _, got := range plan.Tensors {
		if got.DType != want[got.Name] {
			t.Errorf("%s is %s", got.Name, got.DType)
		}
	}
	file := write(t, plan)
	if got := string(file[len(file)-8:]); got != "\x00\x00\x00\x40\x80\x3f\x40\x40" {
		t.Errorf("the transposed tensor is %x", got)
	}
}
