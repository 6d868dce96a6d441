package torchfile

import (
	"math"
	"strings"
	"testing"
)

func TestTensorCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		offset        int64
		shape, stride []int64
		want          string
	}{
		"whole":            {0, []int64{3, 4}, []int64{4, 1}, ""},
		"scalar":           {11, nil, nil, ""},
		"last element":     {11, []int64{1}, []int64{math.MaxInt64}, ""},
		"empty, anywhere":  {math.MaxInt64, []int64{0, math.MaxInt64}, []int64{1, 1}, ""},
		"expanded":         {0, []int64{1 << 40}, []int64{0}, ""},
		"one too far":      {1, []int64{3, 4}, []int64{4, 1}, "past its storage"},
		"scalar too far":   {12, nil, nil, "past its storage"},
		"strides missing":  {0, []int64{1, 1}, []int64{1}, "strides"},
		"negative offset":  {-1, nil, nil, "negative storage offset"},
		"negative size":    {0, []int64{-1}, []int64{1}, "negative size"},
		"negative stride":  {3, []int64{2}, []int64{-1}, "negative size"},
		"too many":         {0, []int64{1 << 32, 1 << 32}, []int64{0, 0}, "overflows"},
		"far":              {0, []int64{3}, []int64{1 << 62}, "overflows"},
		"far from offset":  {math.MaxInt64, []int64{2}, []int64{1}, "overflows"},
		"bytes overflow":   {0, []int64{2}, []int64{1 << 61}, "past its storage"},
		"dimensions":       {0, make([]int64, 65), make([]int64, 65), "65 dimensions"},
		"empty and broken": {0, []int64{0, -1}, []int64{1, 1}, "negative size"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := Tensor{
				Storage: &Storage{Bytes: 48}, DType: dtypes["float32"],
				Offset: test.offset, Shape: test.shape, Stride: test.stride,
			}
			err := v.check()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestContiguous(t *testing.T) {
	t.Parallel()
	tests := []struct {
		shape, stride []int64
		want          bool
	}{
		{nil, nil, true},
		{[]int64{5}, []int64{1}, true},
		{[]int64{5}, []int64{2}, false},
		{[]int64{2, 3}, []int64{3, 1}, true},
		{[]int64{2, 3}, []int64{1, 2}, false},
		{[]int64{2, 3}, []int64{6, 1}, false},
		{[]int64{1, 3}, []int64{99, 1}, true},
		{[]int64{3, 1}, []int64{1, 99}, true},
		{[]int64{2}, []int64{0}, false},
	}
	for _, test := range tests {
		v := Tensor{Shape: test.shape, Stride: test.stride}
		if got := v.Contiguous(); got != test.want {
			t.Errorf("%v %v: %v", test.shape, test.stride, got)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for want, shape := range map[int64][]int64{1: nil, 6: {2, 3}, 0: {4, 0}} {
		if got := (&Tensor{Shape: shape}).Elements(); got != want {
			t.Errorf("%v: %d", shape, got)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dtype               string
		conjugated, negated bool
		want                string
	}{
		{"complex64", true, false, "\x01\x02\x03\x04\x05\x06\x07\x88"},
		{"complex64", false, true, "\x01\x02\x03\x84\x05\x06\x07\x88"},
		{"complex64", true, true, "\x01\x02\x03\x84\x05\x06\x07\x08"},
		{"float32", false, true, "\x01\x02\x03\x84\x05\x06\x07\x88"},
		{"float16", false, true, "\x01\x82\x03\x84\x05\x86\x07\x88"},
		{"float64", false, true, "\x01\x02\x03\x04\x05\x06\x07\x88"},
	}
	for _, test := range tests {
		v := Tensor{DType: dtypes[test.dtype], Conjugated: test.conjugated, Negated: test.negated}
		got := []byte("\x01\x02\x03\x04\x05\x06\x07\x08")
		if v.Resolve(got); string(got) != test.want {
			t.Errorf("%s %v %v: %x", test.dtype, test.conjugated, test.negated, got)
		}
	}
}
