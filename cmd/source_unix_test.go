//go:build unix

package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
)

// TestSourcesThatAreNoFiles must not wait for a writer of the named pipe.
func TestSourcesThatAreNoFiles(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "pipe.bin")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(filepath.Dir(fifo), "pytorch_model.bin.index.json")
	if err := syscall.Mkfifo(index, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(fifo), "pytorch_model-00001-of-00001.bin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{fifo: "a named pipe", index: "a named pipe", "/dev/zero": "a device"} {
		done := make(chan error, 1)
		go func() {
			_, err := openSource(t.Context(), &config.Config{}, name, convert.Options{})
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: opening it hangs", name)
		}
	}
}
