package safetensors

// DType is the element type of a tensor, in the format's own names.
type DType string

// The element types of the format.
const (
	Bool      DType = "BOOL"
	F4        DType = "F4"
	F6E2M3    DType = "F6_E2M3"
	F6E3M2    DType = "F6_E3M2"
	U8        DType = "U8"
	I8        DType = "I8"
	F8E5M2    DType = "F8_E5M2"
	F8E4M3    DType = "F8_E4M3"
	F8E8M0    DType = "F8_E8M0"
	F8E4M3FNZ DType = "F8_E4M3FNUZ"
	F8E5M2FNZ DType = "F8_E5M2FNUZ"
	I16       DType = "I16"
	U16       DType = "U16"
	F16       DType = "F16"
	BF16      DType = "BF16"
	I32       DType = "I32"
	U32       DType = "U32"
	F32       DType = "F32"
	C64       DType = "C64"
	F64       DType = "F64"
	I64       DType = "I64"
	U64       DType = "U64"
)

// dtypes lists the types in the order of the reference implementation's enum, which decides the layout of a file, with
// the bits of one element: https://docs.rs/safetensors/latest/safetensors/tensor/enum.Dtype.html
var dtypes = []struct {
	name DType
	bits int64
}{
	{Bool, 8},
	{F4, 4},
	{F6E2M3, 6},
	{F6E3M2, 6},
	{U8, 8},
	{I8, 8},
	{F8E5M2, 8},
	{F8E4M3, 8},
	{F8E8M0, 8},
	{F8E4M3FNZ, 8},
	{F8E5M2FNZ, 8},
	{I16, 16},
	{U16, 16},
	{F16, 16},
	{BF16, 16},
	{I32, 32},
	{U32, 32},
	{F32, 32},
	{C64, 64},
	{F64, 64},
	{I64, 64},
	{U64, 64},
}

// Bits is the size of one element, or 0 for a type the format does not have.
func (d DType) Bits() int64 {
	if r := d.rank(); r >= 0 {
		return dtypes[r].bits
	}
	return 0
}

// rank is the position of the type in the reference implementation's enum, or -1.
func (d DType) rank() int {
	for i := range dtypes {
		if dtypes[i].name == d {
			return i
		}
	}
	return -1
}
