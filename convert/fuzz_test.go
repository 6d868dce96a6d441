package convert_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// allocated is how many bytes this process has ever asked for.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// tallied counts what is read.
type tallied struct {
	*bytes.Reader
	bytes int64
}

// ReadAt implements io.ReaderAt.
func (c *tallied) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}

// FuzzInspect takes any bytes for a checkpoint. What is accepted must be written as planned and pass its own check,
// unless the bytes themselves turn out to be malformed. What memory and reading it costs is bounded by what it is.
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
		for _, opts := range []convert.Options{{}, {Inert: true, DType: convert.ToF16, Shared: convert.Duplicate}} {
			before, r := allocated(), &tallied{Reader: bytes.NewReader(data)}
			output := convertAny(t, r, opts)
			if n := allocated() - before; n > 32<<20+uint64(1024*len(data)+8*output) {
				t.Errorf("%d bytes cost %d of memory", len(data), n)
			}
			if most := int64(8*len(data) + 64*output); r.bytes > most {
				t.Errorf("%d bytes were read of %d for %d", r.bytes, len(data), output)
			}
		}
	})
}

// convertAny converts and checks what can be converted, and returns the bytes that it wrote.
func convertAny(t *testing.T, r *tallied, opts convert.Options) int {
	t.Helper()
	plan, err := convert.Inspect(t.Context(), r, r.Size(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Verdict != convert.OK {
		if plan.Reason == "" || plan.Tensors != nil {
			t.Errorf("%s, reason %q, %d tensors", plan.Verdict, plan.Reason, len(plan.Tensors))
		}
		return 0
	}
	var out bytes.Buffer
	if err := plan.Write(t.Context(), &out); err != nil {
		if refusal := (*convert.Refusal)(nil); !errors.As(err, &refusal) {
			t.Fatal(err)
		}
		return out.Len()
	}
	if err := plan.Verify(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
