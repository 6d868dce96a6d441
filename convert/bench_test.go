//go:build unix

package convert_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
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
// (the kernel copies), a SHA-256 pass over the same bytes, and torch.load and save_file of safetensors, where there is a torch. Beside
// the time it gives the processor's, of all threads and of the kernel for them.
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
			began := cpuTime(syscall.RUSAGE_SELF) + cpuTime(syscall.RUSAGE_CHILDREN)
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
				b.StopTimer()
				if err := os.Remove(output); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			used := cpuTime(syscall.RUSAGE_SELF) + cpuTime(syscall.RUSAGE_CHILDREN) - began
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
		})
	}
	run("cp", func(in, out *os.File) error { _, err := io.Copy(out, in); return err })
	run("sha256", func(in, _ *os.File) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{in}, make([]byte, 1<<20))
		return err
	})
	conversion := func(check func(*convert.Plan, *os.File) error) func(in, out *os.File) error {
		return func(in, out *os.File) error {
			plan, err := convert.Inspect(b.Context(), in, size, convert.Options{})
			if err != nil {
				return err
			}
			if err := plan.Write(b.Context(), out, sha256.New()); err != nil {
				return err
			}
			return check(plan, out)
		}
	}
	run("convert", conversion(func(p *convert.Plan, out *os.File) error { return p.CheckHeader(out, p.Size()) }))
	run("convert-readback", conversion(func(p *convert.Plan, out *os.File) error {
		return p.Check(b.Context(), out, p.Size())
	}))
	run("convert-verify", conversion(func(p *convert.Plan, out *os.File) error {
		return p.Verify(b.Context(), out, p.Size())
	}))
	if python := pythonWithTorch(); python != "" {
		benchTorch(b, python, input, output, size)
		run("torch-process", func(in, out *os.File) error {
			script := saver + "save(torch.load(sys.argv[1], map_location='cpu', weights_only=False), sys.argv[2])"
			return exec.Command(python, "-c", script, in.Name(), out.Name()).Run()
		})
	}
}

// cpuTime is the time of the processor that this process, or its children that have ended, used.
func cpuTime(who int) int64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(who, &use); err != nil {
		return 0
	}
	return use.Utime.Nano() + use.Stime.Nano()
}

// pythonWithTorch finds a Python that has torch, or nothing.
func pythonWithTorch() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import torch").Run() == nil {
			return python
		}
	}
	return ""
}

// saver defines save as the reference library's save_file, or as torch's own where there is no such library.
const saver = `import sys, torch
try:
    from safetensors.torch import save_file as save
except ImportError:
    save = torch.save
`

// benchTorch loads and saves in a Python that has imported torch already, and reports the times it measures itself.
func benchTorch(b *testing.B, python, input, output string, size int64) {
	const script = saver + `import os, time
for line in sys.stdin:
    began, cpu = time.perf_counter_ns(), time.process_time_ns()
    save(torch.load(sys.argv[1], map_location="cpu", weights_only=False), sys.argv[2])
    print(time.perf_counter_ns() - began, time.process_time_ns() - cpu, flush=True)
    os.remove(sys.argv[2])
`
	b.Run("torch", func(b *testing.B) {
		b.SetBytes(size)
		peer := exec.Command(python, "-c", script, input, output)
		in, err := peer.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := peer.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := peer.Start(); err != nil {
			b.Fatal(err)
		}
		var took, used int64
		for b.Loop() {
			var one, cpu int64
			fmt.Fprintln(in)
			if _, err := fmt.Fscanln(out, &one, &cpu); err != nil {
				b.Fatal(err)
			}
			took, used = took+one, used+cpu
		}
		b.ReportMetric(float64(took)/float64(b.N), "ns/op")
		b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
		if err := errors.Join(in.Close(), peer.Wait()); err != nil {
			b.Fatal(err)
		}
	})
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
