package cmd

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub/emulator"
)

func TestLocalJob(t *testing.T) {
	t.Setenv("HF_TOKEN", "hf_of_this_machine")
	run := func(ctx context.Context, command ...string) (lines []string, err error) {
		job := emulator.JobProcess{ID: "1", Command: command, Env: []string{"GREETING=hello"}}
		err = runLocalJob(ctx, job, func(line string) { lines = append(lines, line) })
		return lines, err
	}
	lines, err := run(t.Context(), "sh", "-c", `echo "$GREETING"; echo "token:$HF_TOKEN" >&2`)
	if want := []string{"hello", "token:"}; err != nil || !slices.Equal(lines, want) {
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
	if _, err := run(ctx, "sleep", "600"); err == nil {
		t.Error("a Job outlived its time")
	}
}
