package convert_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// memoryChild makes TestConstantMemory run itself in a process of its own, on the file that it names.
const memoryChild = "CONVERT_MEMORY_CHILD"

// sparseCheckpoint writes a checkpoint of count float32 tensors, whose bytes are holes in the file.
func sparseCheckpoint(tb testing.TB, count, elements int) (name string, size int64) {
	tb.Helper()
	s := newSynthetic(count, elements)
	name = filepath.Join(tb.TempDir(), "pytorch_model.bin")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	write := func(b []byte, off int64) {
		if _, err := f.WriteAt(b, off); err != nil {
			tb.Fatal(err)
		}
	}
	write(s.head, 0)
	for i := range int64(count) {
		write(localHeader(i), int64(len(s.head))+i*recordLength(elements))
	}
	write(s.tail, s.size-int64(len(s.tail)))
	return name, s.size
}

// TestConstantMemory converts models of few and of many bytes and tensors, each in a process of its own, and asks the
// kernel for the most memory that it used, mapped pages included.
func TestConstantMemory(t *testing.T) {
	if name := os.Getenv(memoryChild); name != "" {
		convertAndReport(t, name)
		return
	}
	t.Parallel()
	for _, model := range []struct {
		tensors, elements int
		limit             int64
	}{
		{4, 4 << 20, memoryLimit},
		{48, 4 << 20, memoryLimit},
		{8000, 64, memoryLimit},
		{100_000, 8, 4 * memoryLimit}, // the largest models have as many
	} {
		name, size := sparseCheckpoint(t, model.tensors, model.elements)
		child := exec.Command(os.Args[0], "-test.run", "^TestConstantMemory$", "-test.v")
		child.Env = append(os.Environ(), memoryChild+"="+name)
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		found := regexp.MustCompile(`grew by (-?\d+) bytes, wrote (\d+)`).FindSubmatch(out)
		if found == nil {
			t.Fatalf("no report in\n%s", out)
		}
		grew, _ := strconv.ParseInt(string(found[1]), 10, 64)
		wrote, _ := strconv.ParseInt(string(found[2]), 10, 64)
		t.Logf("%d tensors in %d bytes: %d bytes more", model.tensors, size, grew)
		if grew > model.limit || wrote < int64(model.tensors*model.elements*4) {
			t.Errorf("%d tensors in %d bytes: memory grew by %d bytes, %d were written", model.tensors, size, grew, wrote)
		}
	}
}

// convertAndReport converts a file and prints how much the peak of the memory is above what the program had before.
func convertAndReport(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	before := status(t, "VmRSS")
	plan, err := convert.Inspect(t.Context(), f, info.Size(), convert.Options{})
	if err != nil || plan.Verdict != convert.OK {
		t.Fatalf("%v, %+v", err, plan)
	}
	out, err := os.Create(name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := plan.Write(t.Context(), out, sha256.New()); err != nil {
		t.Fatal(err)
	}
	if err := plan.Check(t.Context(), out, plan.Size()); err != nil {
		t.Fatal(err)
	}
	t.Logf("memory grew by %d bytes, wrote %d", status(t, "VmHWM")-before, plan.Size())
}

// status reads a size from the kernel's account of this process, in bytes.
func status(t *testing.T, field string) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var kib int64
		if n, _ := fmt.Sscanf(string(line), field+": %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	t.Fatalf("no %s in\n%s", field, text)
	return 0
}
