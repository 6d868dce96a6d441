package convert_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// allocated is how many bytes this process has ever asked for.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// FuzzInspect takes any bytes for a checkpoint. What is accepted must be written as planned and pass its own check,
// unless the bytes themselves turn out to be malformed, and none costs much more memory than it has bytes.
func FuzzInspect(f *testing.F) {
	for name := range fixtures(f) {
		data, err := os.ReadFile(filepath.Join("testdata/torch", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(legacyFile(littleEndian, state(dict("w", floats("0", 4))), "](X\x01\x00\x00\x000e.", counted(4, counting(4))))
	f.Add(tarOf("pickle", "}."))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		defer func() {
			if n := allocated() - before; n > 256<<20+uint64(len(data))<<12 {
				t.Errorf("%d bytes cost %d of memory", len(data), n)
			}
		}()
		for _, opts := range []convert.Options{{}, {Inert: true, DType: convert.ToF16, Shared: convert.Duplicate}} {
			plan := inspect(t, data, opts)
			if plan.Verdict != convert.OK {
				if plan.Reason == "" || plan.Tensors != nil {
					t.Errorf("%s, reason %q, %d tensors", plan.Verdict, plan.Reason, len(plan.Tensors))
				}
				continue
			}
			var out bytes.Buffer
			if err := plan.Write(t.Context(), &out); err != nil {
				if refusal := (*convert.Refusal)(nil); !errors.As(err, &refusal) {
					t.Fatal(err)
				}
				continue
			}
			if err := plan.Verify(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
				t.Fatal(err)
			}
		}
	})
}
