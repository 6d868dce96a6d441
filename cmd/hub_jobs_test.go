package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub/emulator"
)

func TestLocalJob(t *testing.T) {
	t.Setenv("HF_TOKEN", "hf_of_this_machine")
	run := func(ctx context.Context, command ...string) (lines []string, err error) {
		job := emulator.JobProcess{ID: "1", Command: command, Env: []string{"GREETING=hello", "PATH=/of/the/image"}}
		err = runLocalJob(ctx, job, func(line string) { lines = append(lines, line) })
		return lines, err
	}
	lines, err := run(t.Context(), "sh", "-c", `echo "$GREETING"; echo "token:$HF_TOKEN" >&2; env true; echo "${PATH%%:*}"`)
	if want := []string{"hello", "token:", "/of/the/image"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("got %q, %v; want %q", lines, err, want)
	}
	long := "head -c 1000000 /dev/zero | tr '\\0' a; echo; echo end"
	if lines, err = run(t.Context(), "sh", "-c", long); err != nil || len(strings.Join(lines, "")) != 1_000_003 {
		t.Errorf("a long line: %d lines, %v; want all of it and what follows", len(lines), err)
	}
	if _, err := run(t.Context(), "sh", "-c", "exit 3"); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a failing command: %v", err)
	}
	if _, err := run(t.Context()); err == nil {
		t.Error("a Job without a command was run")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	// The child holds a pipe open; reading its end comes back only when the child is gone.
	ended, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ended.Close()
	if _, err := run(ctx, "sh", "-c", fmt.Sprintf("sleep 600 >/proc/%d/fd/%d; echo", os.Getpid(), held.Fd())); err == nil {
		t.Error("a Job outlived its time")
	}
	if err := errors.Join(held.Close(), ended.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	if _, err := ended.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a child of the Job outlived it: %v", err)
	}
}
