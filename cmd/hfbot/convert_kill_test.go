package main_test

import (
	"archive/zip"
	"bytes"
	"context"
	enc "encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// largeCheckpoint is what torch.save writes of {"w": torch.zeros(n)}.
func largeCheckpoint(t *testing.T, n int) []byte {
	t.Helper()
	number := enc.LittleEndian.AppendUint32([]byte("J"), uint32(n))
	state := "\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" +
		"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + string(number) + "tQK\x00" + string(number) +
		"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs."
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, record := range []struct{ name, data string }{
		{"archive/data.pkl", state}, {"archive/data/0", string(make([]byte, 4*n))}, {"archive/version", "3\n"},
	} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: record.name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, record.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// stuckServer serves a file of which the bytes in the middle never come.
type stuckServer struct {
	*httptest.Server
	reached chan struct{} // closed when somebody waits for them
}

func newStuckServer(t *testing.T, data []byte) *stuckServer {
	t.Helper()
	s := &stuckServer{reached: make(chan struct{})}
	var once sync.Once
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stuck := &stuckReader{Reader: bytes.NewReader(data), stop: func() {
			_ = http.NewResponseController(w).Flush()
			once.Do(func() { close(s.reached) })
			<-r.Context().Done()
		}}
		http.ServeContent(w, r, "pytorch_model.bin", time.Time{}, stuck)
	}))
	t.Cleanup(s.Close)
	return s
}

// stuckReader calls stop when it is read in the middle.
type stuckReader struct {
	*bytes.Reader
	stop func()
}

func (r *stuckReader) Read(p []byte) (int, error) {
	if pos := r.Size() - int64(r.Len()); pos > r.Size()/2 && pos < r.Size()-r.Size()/4 {
		r.stop()
		return 0, io.ErrUnexpectedEOF
	}
	return r.Reader.Read(p[:min(len(p), 16<<10)])
}

// WriteTo hides the one of bytes.Reader, by which io.Copy would go round Read.
func (r *stuckReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

// TestConvertEnded ends `hfbot convert` in the middle of a download, by an interrupt and by a kill: no half of a file has
// the name of the result, and after the interrupt nothing is left at all. The next attempt succeeds, and clears what the
// kill has left. A conversion beside it that is under way leaves it alone.
func TestConvertEnded(t *testing.T) {
	t.Parallel()
	data := largeCheckpoint(t, 4<<20)
	input := filepath.Join(t.TempDir(), "pytorch_model.bin")
	if err := os.WriteFile(input, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, signal := range map[string]syscall.Signal{"interrupt": syscall.SIGINT, "kill": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			server, dir := newStuckServer(t, data), t.TempDir()
			result := filepath.Join(dir, "model.safetensors")
			if err := os.WriteFile(result, []byte("an older one"), 0o600); err != nil {
				t.Fatal(err)
			}
			run := exec.CommandContext(ctx, binary(t), "convert", server.URL+"/pytorch_model.bin", result)
			var stderr bytes.Buffer
			run.Stderr = &stderr
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-server.reached:
			case <-ctx.Done():
				t.Fatal("the conversion did not get to the middle")
			}
			other := filepath.Join(dir, "other.safetensors")
			if out, err := exec.CommandContext(ctx, binary(t), "convert", input, other).CombinedOutput(); err != nil {
				t.Fatalf("beside it: %v\n%s", err, out)
			}
			if left := names(t, dir); len(left) != 4 || !strings.HasPrefix(left[0], ".hfbot-convert-") {
				t.Errorf("while both are under way: %v", left)
			}
			if err := run.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err := run.Wait()
			if ctx.Err() != nil || err == nil {
				t.Fatalf("it did not end: %v\n%s", err, &stderr)
			}
			if got, err := os.ReadFile(result); err != nil || string(got) != "an older one" {
				t.Errorf("the older file became %d bytes, %v", len(got), err)
			}
			if left := names(t, dir); signal == syscall.SIGINT && !slices.Equal(left, []string{"model.safetensors", "other.safetensors"}) {
				t.Errorf("left behind: %v", left)
			}
			if out, err := exec.CommandContext(ctx, binary(t), "convert", input, result).CombinedOutput(); err != nil {
				t.Errorf("again: %v\n%s", err, out)
			}
			if info, err := os.Stat(result); err != nil || info.Size() < 16<<20 {
				t.Errorf("again: %v, %v", info, err)
			}
			if left := names(t, dir); !slices.Equal(left, []string{"model.safetensors", "other.safetensors"}) {
				t.Errorf("left behind in the end: %v", left)
			}
		})
	}
}

// sparseCheckpoint writes what torch.save wrote before 1.6 of {"w": torch.zeros(n)}; the zeros are a hole in the file.
func sparseCheckpoint(t *testing.T, name string, n int64) {
	t.Helper()
	number := enc.LittleEndian.AppendUint32([]byte("J"), uint32(n))
	head := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\r\x00\x00\x00little_endian\x88s." +
		"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" +
		"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + string(number) + "NtQK\x00" + string(number) +
		"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs.\x80\x02]X\x01\x00\x00\x000a."
	head += string(enc.LittleEndian.AppendUint64(nil, uint64(n)))
	if err := os.WriteFile(name, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, int64(len(head))+4*n); err != nil {
		t.Fatal(err)
	}
}

// TestConvertInterrupted interrupts the conversion of a local file as soon as there are bytes of the result: it ends as
// failed, says why, and leaves nothing.
func TestConvertInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	input, result := filepath.Join(dir, "pytorch_model.bin"), filepath.Join(dir, "out", "model.safetensors")
	sparseCheckpoint(t, input, 1<<29-1)
	if err := os.Mkdir(filepath.Dir(result), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, binary(t), "convert", input, result)
	var stderr bytes.Buffer
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	for written := int64(0); written == 0 && ctx.Err() == nil; {
		parts, _ := filepath.Glob(filepath.Join(dir, "out", ".hfbot-convert-*", "0"))
		for _, part := range parts {
			if info, err := os.Stat(part); err == nil {
				written = info.Size()
			}
		}
	}
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := run.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupt") {
		t.Errorf("it ended with %v: %s", err, &stderr)
	}
	if left := names(t, filepath.Dir(result)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
