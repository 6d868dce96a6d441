package convert_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// BenchmarkWrite converts a checkpoint of 256 MiB and hashes the output, and beside that reads and hashes the same
// number of bytes, which is the least that any conversion has to do. The input is a file; the output is not kept,
// because the time that a disk takes for it would hide the rest.
func BenchmarkWrite(b *testing.B) {
	const tensors, elements = 64, 1 << 20
	input := filepath.Join(b.TempDir(), "pytorch_model.bin")
	data := benchCheckpoint(tensors, elements)
	size := int64(len(data))
	if err := os.WriteFile(input, data, 0o600); err != nil {
		b.Fatal(err)
	}
	conversion := func(opts convert.Options) func(*os.File, io.Writer) error {
		return func(in *os.File, out io.Writer) error {
			plan, err := convert.Inspect(b.Context(), in, size, opts)
			if err != nil {
				return err
			}
			return plan.Write(b.Context(), out)
		}
	}
	for _, bench := range []struct {
		name string
		run  func(*os.File, io.Writer) error
	}{
		{"copy", func(in *os.File, out io.Writer) error {
			_, err := io.CopyBuffer(out, struct{ io.Reader }{in}, make([]byte, 1<<20))
			return err
		}},
		{"convert", conversion(convert.Options{})},
		{"convert-bf16", conversion(convert.Options{DType: convert.ToBF16})},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				in, err := os.Open(input)
				if err != nil {
					b.Fatal(err)
				}
				hash := sha256.New()
				if err := bench.run(in, struct{ io.Writer }{hash}); err != nil {
					b.Fatal(err)
				}
				hash.Sum(nil)
				if err := in.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchCheckpoint builds a checkpoint of float32 tensors.
func benchCheckpoint(tensors, elements int) []byte {
	var items []any
	records := make([]record, 1, tensors+1)
	storage := string(bytes.Repeat([]byte("\x00\x00\x80\x3f"), elements))
	for i := range tensors {
		items = append(items, fmt.Sprintf("layer.%d.weight", i), floats(fmt.Sprint(i), elements))
		records = append(records, record{name: fmt.Sprintf("a/data/%d", i), data: storage})
	}
	records[0] = record{name: "a/data.pkl", data: state(dict(items...))}
	return zipOf(records...)
}

// BenchmarkInspect reads what checkpoints of many small tensors hold.
func BenchmarkInspect(b *testing.B) {
	for _, tensors := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(tensors), func(b *testing.B) {
			r := reader{newSynthetic(tensors, 16), 16}
			b.ReportAllocs()
			for b.Loop() {
				plan, err := convert.Inspect(b.Context(), r, r.size, convert.Options{})
				if err != nil || len(plan.Tensors) != tensors {
					b.Fatal(err, plan.Reason)
				}
			}
		})
	}
}
