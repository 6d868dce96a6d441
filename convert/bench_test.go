package convert_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// BenchmarkFile converts a checkpoint of 256 MiB from a file to a file, as `hfbot convert` does, beside what cp does
// (the kernel copies), a SHA-256 pass over the same bytes, and torch's load and save when python3 has torch.
func BenchmarkFile(b *testing.B) {
	dir := b.TempDir()
	input, output := filepath.Join(dir, "pytorch_model.bin"), filepath.Join(dir, "model.safetensors")
	data := benchCheckpoint(64, 1<<20)
	size := int64(len(data))
	if err := os.WriteFile(input, data, 0o600); err != nil {
		b.Fatal(err)
	}
	run := func(name string, work func(in, out *os.File) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				in, err := os.Open(input)
				if err != nil {
					b.Fatal(err)
				}
				out, err := os.Create(output)
				if err != nil {
					b.Fatal(err)
				}
				if err := errors.Join(work(in, out), in.Close(), out.Close()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("cp", func(in, out *os.File) error { _, err := io.Copy(out, in); return err })
	run("sha256", func(in, _ *os.File) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{in}, make([]byte, 1<<20))
		return err
	})
	run("convert", func(in, out *os.File) error {
		plan, err := convert.Inspect(b.Context(), in, size, convert.Options{})
		if err != nil {
			return err
		}
		if err := plan.Write(b.Context(), out, sha256.New()); err != nil {
			return err
		}
		return plan.Check(b.Context(), out, plan.Size())
	})
	if exec.Command("python3", "-c", "import torch").Run() == nil { // a peer for whoever has it
		const script = "import sys,torch; m=torch.load(sys.argv[1],map_location='cpu'); torch.save(m,sys.argv[2])"
		run("torch", func(in, out *os.File) error {
			return exec.Command("python3", "-c", script, in.Name(), out.Name()).Run()
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
