package safetensors_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// TestEncode compares with what the reference implementation's own tests and documentation show.
func TestEncode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header safetensors.Header
		want   string
	}{
		"one tensor": {
			safetensors.Header{
				Tensors: []safetensors.Tensor{{Name: "test", DType: "I32", Shape: []int64{2, 2}, End: 16}},
			},
			"<\x00\x00\x00\x00\x00\x00\x00" + `{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}`,
		},
		"nothing": {safetensors.Header{}, "\x08\x00\x00\x00\x00\x00\x00\x00{}      "},
		"metadata": {
			safetensors.Header{
				Metadata: []safetensors.Pair{{Key: "format", Value: "pt"}, {Key: "b", Value: "a"}},
				Tensors:  []safetensors.Tensor{{Name: "a", DType: "F32", End: 4}},
			},
			"\x60\x00\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{"format":"pt","b":"a"},` +
				`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}    `,
		},
		"names": {
			safetensors.Header{Metadata: []safetensors.Pair{{Key: "\"\\\n\x01/<ü\u2028", Value: "\b\f\r\t\x7f"}}},
			"\x40\x00\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{"\"\\\n\u0001/<ü` + "\u2028" +
				`":"\b\f\r\t` + "\x7f" + `"}}` +
				strings.Repeat(" ", 15),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(test.header.Encode())
			want := strings.TrimRight(test.want[8:], " ")
			if diff := cmp.Diff(want, strings.TrimRight(got[8:], " ")); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if len(got)%8 != 0 || len(got)-len(strings.TrimRight(got, " ")) > 7 || int(got[0]) != len(got)-8 {
				t.Errorf("wrong length or padding: %q", got)
			}
		})
	}
}

// TestLayout checks the order: types as the reference implementation ranks them, then names.
func TestLayout(t *testing.T) {
	t.Parallel()
	ranked := strings.Fields(`U64 I64 F64 C64 F32 U32 I32 BF16 F16 U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3
		F8_E5M2 I8 U8 F6_E3M2 F6_E2M3 F4 BOOL`)
	var tensors []safetensors.Tensor
	for i, dtype := range ranked {
		for _, name := range []string{"b", "a"} {
			name += string(rune('z' - i))
			tensor := safetensors.Tensor{Name: name, DType: safetensors.DType(dtype), Shape: []int64{4}}
			tensors = append(tensors, tensor)
		}
	}
	if err := safetensors.Layout(tensors); err != nil {
		t.Fatal(err)
	}
	var offset int64
	for i, got := range tensors {
		dtype := ranked[i/2]
		name := []string{"a", "b"}[i%2] + string(rune('z'-i/2))
		if string(got.DType) != dtype || got.Name != name || got.Start != offset {
			t.Errorf("tensor %d is %+v, want %s %s at %d", i, got, dtype, name, offset)
		}
		offset = got.End
	}
}

func TestLayoutErrors(t *testing.T) {
	t.Parallel()
	tests := map[string][]safetensors.Tensor{
		"reserved":     {{Name: "__metadata__", DType: "F32"}},
		"twice":        {{Name: "a", DType: "F32"}, {Name: "a", DType: "U8"}},
		"not UTF-8":    {{Name: "\xff", DType: "F32"}},
		"unknown type": {{Name: "a", DType: "F128"}},
		"negative":     {{Name: "a", DType: "F32", Shape: []int64{-1}}},
		"overflow":     {{Name: "a", DType: "F32", Shape: []int64{math.MaxInt64, 4}}},
		"half a byte":  {{Name: "a", DType: "F4", Shape: []int64{3}}},
		"sum overflowing": {
			{Name: "a", DType: "U8", Shape: []int64{1 << 59}}, {Name: "b", DType: "U8", Shape: []int64{1 << 59}},
		},
	}
	for i := range 16 {
		tests["sum overflowing"] = append(tests["sum overflowing"],
			safetensors.Tensor{Name: strings.Repeat("c", i+1), DType: "U8", Shape: []int64{1 << 59}})
	}
	for name, tensors := range tests {
		if err := safetensors.Layout(tensors); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dtype safetensors.DType
		shape []int64
		want  int64
	}{
		{"F32", nil, 4},
		{"BF16", []int64{3, 5}, 30},
		{"F4", []int64{2, 3}, 3},
		{"F6_E3M2", []int64{4}, 3},
		{"F32", []int64{math.MaxInt64, math.MaxInt64, 0}, 0},
	}
	for _, test := range tests {
		if got, err := safetensors.Size(test.dtype, test.shape); err != nil || got != test.want {
			t.Errorf("%s %v: %d, %v", test.dtype, test.shape, got, err)
		}
	}
}
