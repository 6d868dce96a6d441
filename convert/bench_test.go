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

// BenchmarkWrite converts a checkpoint of 256 MiB and hashes the output as it is written, and beside that copies and
// hashes the same number of bytes, which is the least that any conversion has to do. Both read a file and write one.
func BenchmarkWrite(b *testing.B) {
	const tensors, elements = 64, 1 << 20
	input := filepath.Join(b.TempDir(), "pytorch_model.bin")
	data := benchCheckpoint(tensors, elements)
	if err := os.WriteFile(input, data, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name string
		opts convert.Options
	}{
		{"convert", convert.Options{}},
		{"convert-bf16", convert.Options{DType: convert.ToBF16}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			intoFile(b, input, int64(len(data)), func(in *os.File, out io.Writer) error {
				plan, err := convert.Inspect(b.Context(), in, int64(len(data)), bench.opts)
				if err != nil {
					return err
				}
				return plan.Write(b.Context(), out)
			})
		})
	}
	b.Run("copy", func(b *testing.B) {
		intoFile(b, input, int64(len(data)), func(in *os.File, out io.Writer) error {
			_, err := io.CopyBuffer(out, struct{ io.Reader }{in}, make([]byte, 1<<20))
			return err
		})
	})
}

// intoFile runs a conversion from a file to a new one, with a hash of the output.
func intoFile(b *testing.B, input string, size int64, run func(*os.File, io.Writer) error) {
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		in, err := os.Open(input)
		if err != nil {
			b.Fatal(err)
		}
		out, err := os.Create(filepath.Join(b.TempDir(), "out"))
		if err != nil {
			b.Fatal(err)
		}
		hash := sha256.New()
		if err := run(in, io.MultiWriter(out, hash)); err != nil {
			b.Fatal(err)
		}
		hash.Sum(nil)
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
		in.Close()
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

// BenchmarkInspect reads what a checkpoint of 1000 tensors holds.
func BenchmarkInspect(b *testing.B) {
	data := benchCheckpoint(1000, 16)
	b.ReportAllocs()
	for b.Loop() {
		if plan := inspect(b, data, convert.Options{}); plan.Verdict != convert.OK {
			b.Fatal(plan.Reason)
		}
	}
}
