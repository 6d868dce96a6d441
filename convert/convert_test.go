package convert_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/convert/safetensors"
)

// counting returns n float32 numbers 0, 1, 2 and so on as bytes.
func counting(n int) string {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return string(b)
}

// values reads a tensor of float32 out of a written file.
func values(tb testing.TB, file []byte, name string) []float32 {
	tb.Helper()
	header, err := safetensors.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	out := []float32{}
	for _, t := range header.Tensors {
		if t.Name != name {
			continue
		}
		for b := file[header.Length+t.Start : header.Length+t.End]; len(b) > 0; b = b[4:] {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	}
	return out
}

// TestViews writes views of one storage of the numbers 0 to 11.
func TestViews(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		offset        int
		shape, stride []int
		want          []float32
	}{
		"contiguous":          {0, []int{2, 3}, []int{3, 1}, []float32{0, 1, 2, 3, 4, 5}},
		"slice":               {4, []int{3}, []int{1}, []float32{4, 5, 6}},
		"transposed":          {0, []int{3, 4}, []int{1, 3}, []float32{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}},
		"every second":        {1, []int{5}, []int{2}, []float32{1, 3, 5, 7, 9}},
		"columns":             {1, []int{3, 2}, []int{4, 1}, []float32{1, 2, 5, 6, 9, 10}},
		"permuted":            {0, []int{2, 3, 2}, []int{1, 2, 6}, []float32{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}},
		"expanded":            {2, []int{2, 2}, []int{0, 1}, []float32{2, 3, 2, 3}},
		"expanded inside":     {2, []int{2, 2}, []int{1, 0}, []float32{2, 2, 3, 3}},
		"scalar":              {7, []int{}, []int{}, []float32{7}},
		"one wide dimensions": {7, []int{1, 2, 1}, []int{99, 1, 99}, []float32{7, 8}},
		"empty":               {50, []int{3, 0}, []int{1, 1}, []float32{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := tensor(storage("FloatStorage", "0", 12), test.offset, test.shape, test.stride)
			plan := inspect(t, torchZip(state(dict("w", v)), counting(12)), convert.Options{})
			if plan.Verdict != convert.OK {
				t.Fatal(plan.Reason)
			}
			file := write(t, plan)
			if diff := cmp.Diff(test.want, values(t, file, "w")); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
			if err := plan.Verify(t.Context(), bytes.NewReader(file), int64(len(file))); err != nil {
				t.Error(err)
			}
		})
	}
}

// countedReads counts the bytes that are read.
type countedReads struct {
	io.ReaderAt
	bytes atomic.Int64
}

func (c *countedReads) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ReaderAt.ReadAt(p, off)
}

// TestLargeReordered gathers more than one box, and reads the checkpoint once however the boxes lie in it: it may be far
// away.
func TestLargeReordered(t *testing.T) {
	t.Parallel()
	const elements = 2 << 20 // 8 MB, two boxes
	tests := map[string]struct{ shape, stride []int }{
		"transposed":            {[]int{2048, 1024}, []int{1, 2048}},
		"first two swapped":     {[]int{1024, 2, 1024}, []int{1024, 1 << 20, 1}},
		"last two swapped":      {[]int{2, 1024, 1024}, []int{1 << 20, 1, 1024}},
		"first and last":        {[]int{1024, 2, 1024}, []int{1, 1024, 2048}},
		"columns of a wide one": {[]int{1024, 1500}, []int{2048, 1}},
		"rows over again":       {[]int{3, 512, 1024}, []int{0, 1024, 1}},
		"one row, transposed":   {[]int{1, 2048, 1024}, []int{7, 1, 2048}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := tensor(storage("FloatStorage", "0", elements), 0, test.shape, test.stride)
			data := torchZip(state(dict("w", v)), counting(elements))
			file := &countedReads{ReaderAt: strings.NewReader(string(data))}
			plan, err := convert.Inspect(t.Context(), file, int64(len(data)), convert.Options{})
			if err != nil || plan.Verdict != convert.OK {
				t.Fatalf("%v, %+v", err, plan)
			}
			got := values(t, write(t, plan), "w")
			for i := range got {
				want := 0
				for d, rest := len(test.shape)-1, i; d >= 0; d-- {
					want += rest % test.shape[d] * test.stride[d]
					rest /= test.shape[d]
				}
				if got[i] != float32(want) {
					t.Fatalf("element %d is %v, want %d", i, got[i], want)
				}
			}
			if read := float64(file.bytes.Load()) / float64(len(data)); read > 1.1 {
				t.Errorf("the checkpoint was read %.1f times", read)
			}
		})
	}
}

func TestRebuilders(t *testing.T) {
	t.Parallel()
	hooks := call(global("collections", "OrderedDict"))
	plain := floats("0", 4)
	untyped := storage("torch.storage UntypedStorage", "0", 16)
	v2args := []any{storage("FloatStorage", "0", 4), 0, []int{4}, []int{1}, false, hooks}
	tests := map[string]struct {
		code  code
		dtype string
	}{
		"first version": {call(global("torch._utils", "_rebuild_tensor"), v2args[:4]...), "F32"},
		"second, metadata": {
			call(global("torch._utils", "_rebuild_tensor_v2"), append(v2args[:6:6], dict("conj", false))...), "F32",
		},
		"third": {call(global("torch._utils", "_rebuild_tensor_v3"), untyped, 0, []int{8}, []int{1}, false, hooks,
			global("torch", "uint16")), "U16"},
		"third, float8": {call(global("torch._utils", "_rebuild_tensor_v3"), untyped, 0, []int{16}, []int{1}, false,
			hooks, global("torch", "float8_e4m3fn"), nil), "F8_E4M3"},
		"untyped as bytes": {tensor(untyped, 0, []int{16}, []int{1}), "U8"},
		"parameter":        {call(global("torch._utils", "_rebuild_parameter"), plain, true, hooks), "F32"},
		"parameter with state": {
			call(global("torch._utils", "_rebuild_parameter_with_state"), plain, true, hooks, dict("a", 1)), "F32",
		},
		"parameter of old torch": {
			global("torch.nn.parameter", "Parameter") + code(pickled([]any{plain})) + "\x81" +
				code(pickled([]any{true, false, hooks})) + "b", "F32",
		},
		"from a type": {call(global("torch._tensor", "_rebuild_from_type_v2"), global(
			"torch._utils", "_rebuild_tensor_v2",
		),
			global("torch", "Tensor"), v2args, dict("a", 1)), "F32"},
		"from the CPU": {call(global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"), plain,
			global("torch", "float32"), call(global("torch", "device"), "cuda", 0), false), "F32"},
		"on a GPU": {tensor(storage("torch.cuda FloatStorage", "0", 4), 0, []int{4}, []int{1}), "F32"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := inspect(t, torchZip(state(dict("w", test.code)), counting(4)), convert.Options{})
			if plan.Verdict != convert.OK || plan.Tensors[0].DType != test.dtype {
				t.Fatalf("%s: %s, %v", plan.Verdict, plan.Reason, plan.Tensors)
			}
			file := write(t, plan)
			if !bytes.HasSuffix(file, []byte(counting(4))) {
				t.Errorf("the bytes differ")
			}
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	weights := func(name string) code { return dict(name, floats("0", 4), "step", 3) }
	checkpoint := torchZip(state(dict("epoch", 1, "model", weights("m"), "ema", dict("params", weights("p")),
		"params", weights("q"))), counting(4))
	tests := map[string]struct {
		key     string
		tensor  string
		dropped []string
	}{
		"by name":  {"model", "m", []string{"model.step", "epoch", "ema", "params"}},
		"by path":  {"ema.params", "p", []string{"ema.params.step", "epoch", "model", "params"}},
		"no dict":  {"epoch", "", nil},
		"missing":  {"nothing", "", nil},
		"the top":  {".", "", nil},
		"no limit": {strings.Repeat("a.", 1000), "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := inspect(t, checkpoint, convert.Options{Key: test.key})
			if test.tensor == "" {
				if plan.Verdict != convert.Unsupported {
					t.Errorf("%s: %v", plan.Verdict, plan.Tensors)
				}
				return
			}
			if plan.Verdict != convert.OK || plan.Tensors[0].Name != test.tensor || plan.Key != test.key {
				t.Fatalf("%s: %s, %v", plan.Verdict, plan.Reason, plan.Tensors)
			}
			if diff := cmp.Diff(test.dropped, plan.Dropped); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	thing := call(global("my", "Config"), 1) + dict("a", 2) + "b"
	data := torchZip(state(dict("hyper_parameters", thing, "w", floats("0", 4))), counting(4))
	if plan := inspect(t, data, convert.Options{}); plan.Verdict != convert.Unsupported {
		t.Errorf("without the option: %s", plan.Verdict)
	}
	plan := inspect(t, data, convert.Options{Inert: true})
	want := []string{"collections.OrderedDict", "my.Config", "torch.FloatStorage", "torch._utils._rebuild_tensor_v2"}
	if plan.Verdict != convert.OK || !cmp.Equal(plan.Dropped, []string{"hyper_parameters"}) {
		t.Errorf("%s: %s, dropped %v", plan.Verdict, plan.Reason, plan.Dropped)
	}
	if diff := cmp.Diff(want, plan.Globals); diff != "" {
		t.Errorf("globals (-want +got):\n%s", diff)
	}
	bad := torchZip(state(dict("x", call(global("os", "system"), "id"), "w", floats("0", 4))), counting(4))
	if plan := inspect(t, bad, convert.Options{Inert: true}); plan.Verdict != convert.Dangerous {
		t.Errorf("dangerous with the option: %s", plan.Verdict)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, opts := range []convert.Options{{Shared: "both"}, {DType: "int4"}} {
		if _, err := convert.Inspect(t.Context(), bytes.NewReader(nil), 0, opts); err == nil {
			t.Errorf("%+v was accepted", opts)
		}
	}
}

// TestOverlap writes overlapping views separately while the output stays near the input, and refuses them beyond.
func TestOverlap(t *testing.T) {
	t.Parallel()
	const n = 1 << 19 // 2 MiB
	views := func(names ...any) []byte {
		var items []any
		for i, name := range names {
			items = append(items, name, tensor(storage("FloatStorage", "0", n), i, []int{n / 2}, []int{1}))
		}
		return torchZip(state(dict(items...)), counting(n))
	}
	plan := inspect(t, views("a", "b", "c"), convert.Options{})
	if plan.Verdict != convert.OK || len(plan.Tensors) != 3 {
		t.Errorf("three halves: %s", plan.Verdict)
	}
	plan = inspect(t, views("a", "b", "c", "d"), convert.Options{})
	if plan.Verdict != convert.TooBig || plan.Tensors != nil {
		t.Errorf("four halves: %s", plan.Verdict)
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	data := torchZip(state(dict("lm_head.weight", floats("0", 4), "embed.weight", floats("0", 4))), counting(4))
	plan := inspect(t, data, convert.Options{Shared: convert.Duplicate})
	file := write(t, plan)
	want := []float32{0, 1, 2, 3}
	for _, name := range []string{"lm_head.weight", "embed.weight"} {
		if diff := cmp.Diff(want, values(t, file, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if plan.Aliases != nil {
		t.Errorf("aliases %v", plan.Aliases)
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	plan := inspect(t, torchZip(state(dict("w", floats("0", 4<<20))), counting(4<<20)), convert.Options{})
	full := errors.New("disk full")
	if err := plan.Write(t.Context(), &limited{left: 100_000, err: full}); !errors.Is(err, full) {
		t.Errorf("a failing writer gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := plan.Write(ctx, &limited{left: 3 << 20, err: full, then: cancel})
	if !errors.Is(err, context.Canceled) && !errors.Is(err, full) {
		t.Errorf("a cancelled write gave %v", err)
	}
	cancel()
	if err := plan.Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled write gave %v", err)
	}
}

// limited is a writer that fails when it is full.
type limited struct {
	left int
	err  error
	then func()
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		if l.then != nil {
			l.then()
		}
		return 0, l.err
	}
	return len(b), nil
}

// TestVerify changes single bytes of a written file, all of which must be noticed.
func TestVerify(t *testing.T) {
	t.Parallel()
	plan := inspect(t, torchZip(state(dict("a", floats("0", 4), "b", floats("1", 4))), counting(4), counting(4)),
		convert.Options{})
	file := write(t, plan)
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1
		if err := plan.Verify(t.Context(), bytes.NewReader(changed), int64(len(file))); err == nil {
			t.Errorf("a change of byte %d was not noticed", i)
		}
	}
	last := bytes.Clone(file)
	last[len(file)-1] ^= 1
	err := plan.Verify(t.Context(), bytes.NewReader(last), int64(len(last)))
	if err == nil || !strings.Contains(err.Error(), `tensor "b" differs`) {
		t.Errorf("got %v", err)
	}
	if err := plan.Verify(t.Context(), bytes.NewReader(file[:40]), 40); err == nil {
		t.Error("a cut file was not noticed")
	}
}
