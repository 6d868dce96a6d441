//go:build unix

package main_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSignalsEndReaders sends a signal to commands that wait for a file that does not end: they end at once.
func TestSignalsEndReaders(t *testing.T) {
	t.Parallel()
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"event":{"scope":"repo","action":"create"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const pipe = "pipe_test.yaml"
	for name, args := range map[string][]string{
		"check": {"check", pipe}, "test": {"test", pipe}, "event": {"explain", "--event", pipe},
		"facts": {"explain", "--event", event, "--facts", pipe}, "rules": {"explain", "--event", event, "--rules", pipe},
	} {
		for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			t.Run(name+" "+signal.String(), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := syscall.Mkfifo(filepath.Join(dir, pipe), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, "hfbot", args...)
				cmd.Dir = dir
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				reads := make(chan *os.File, 1)
				go func() { // it opens when the command reads
					if writer, err := os.OpenFile(filepath.Join(dir, pipe), os.O_WRONLY, 0); err == nil {
						reads <- writer
					}
				}()
				select {
				case writer := <-reads:
					defer func() { _ = writer.Close() }()
				case <-ctx.Done():
					t.Fatal("it does not read the file")
				}
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				var exit *exec.ExitError
				if err := cmd.Wait(); !errors.As(err, &exit) || ctx.Err() != nil {
					t.Fatalf("it ended with %v, %v", err, ctx.Err())
				}
				if status, ok := exit.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != signal {
					t.Errorf("it ended with %v, want by %v", exit, signal)
				}
			})
		}
	}
}
