package torchfile

import (
	"strings"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// DType is an element type of torch. There is one of each.
type DType struct {
	Name        string            // torch's name, such as "float32"
	Size        int64             // bytes of one element
	Safetensors safetensors.DType // empty when the format has no such type
	Packed      int64             // numbers in one element, of a type of less than a byte; else 1
}

// Complex tells whether an element is two numbers.
func (d *DType) Complex() bool { return strings.Contains(d.Name, "complex") }

// Float tells whether an element is a number of IEEE 754, with the sign in its highest bit.
func (d *DType) Float() bool {
	return d.Name == "float64" || d.Name == "float32" || d.Name == "float16"
}

// dtypes holds the element types by the names they have in module torch.
var dtypes = map[string]*DType{}

// storageTypes gives the element type of each typed storage class.
var storageTypes = map[string]*DType{}

func init() {
	for _, t := range []struct {
		names   string // the names of the type, then of its storage class
		storage string
		size    int64
		dtype   safetensors.DType
	}{
		{"float64 double", "DoubleStorage", 8, safetensors.F64},
		{"float32 float", "FloatStorage", 4, safetensors.F32},
		{"float16 half", "HalfStorage", 2, safetensors.F16},
		{"bfloat16", "BFloat16Storage", 2, safetensors.BF16},
		{"int64 long", "LongStorage", 8, safetensors.I64},
		{"int32 int", "IntStorage", 4, safetensors.I32},
		{"int16 short", "ShortStorage", 2, safetensors.I16},
		{"int8", "CharStorage", 1, safetensors.I8},
		{"uint8", "ByteStorage", 1, safetensors.U8},
		{"bool", "BoolStorage", 1, safetensors.Bool},
		{"uint16", "", 2, safetensors.U16},
		{"uint32", "", 4, safetensors.U32},
		{"uint64", "", 8, safetensors.U64},
		{"float8_e4m3fn", "Float8_e4m3fnStorage", 1, safetensors.F8E4M3},
		{"float8_e5m2", "Float8_e5m2Storage", 1, safetensors.F8E5M2},
		{"float8_e4m3fnuz", "Float8_e4m3fnuzStorage", 1, safetensors.F8E4M3FNZ},
		{"float8_e5m2fnuz", "Float8_e5m2fnuzStorage", 1, safetensors.F8E5M2FNZ},
		{"float8_e8m0fnu", "", 1, safetensors.F8E8M0},
		{"float4_e2m1fn_x2", "", 1, safetensors.F4},
		{"complex64 cfloat", "ComplexFloatStorage", 8, safetensors.C64},
		{"complex128 cdouble", "ComplexDoubleStorage", 16, ""},
		{"complex32 chalf", "", 4, ""},
		{"bcomplex32", "", 4, ""},
		{"qint8", "QInt8Storage", 1, ""},
		{"qint32", "QInt32Storage", 4, ""},
		{"quint8", "QUInt8Storage", 1, ""},
		{"quint4x2", "QUInt4x2Storage", 1, ""},
		{"quint2x4", "QUInt2x4Storage", 1, ""},
		{"bits16", "", 2, ""},
		{"bits8", "", 1, ""},
		{"bits1x8", "", 1, ""},
		{"bits2x4", "", 1, ""},
		{"bits4x2", "", 1, ""},
		{"int1", "", 1, ""},
		{"int2", "", 1, ""},
		{"int3", "", 1, ""},
		{"int4", "", 1, ""},
		{"int5", "", 1, ""},
		{"int6", "", 1, ""},
		{"int7", "", 1, ""},
		{"uint1", "", 1, ""},
		{"uint2", "", 1, ""},
		{"uint3", "", 1, ""},
		{"uint4", "", 1, ""},
		{"uint5", "", 1, ""},
		{"uint6", "", 1, ""},
		{"uint7", "", 1, ""},
	} {
		names := strings.Fields(t.names)
		d := &DType{Name: names[0], Size: t.size, Safetensors: t.dtype, Packed: 1}
		if t.dtype != "" {
			d.Packed = 8 * t.size / t.dtype.Bits()
		}
		for _, name := range names {
			dtypes[name] = d
		}
		if t.storage != "" {
			storageTypes[t.storage] = d
		}
	}
}
