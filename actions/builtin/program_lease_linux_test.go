package builtin

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// A program whose bot tells no later time ends at the last one that was told, with all that it started.
func TestExecEndsWithTheLease(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	end := time.Now().Add(time.Second)
	rt := &actions.Runtime{Dir: t.TempDir(), Until: func() time.Time { return end }}
	_, err := entry(t, "exec.run").Run(t.Context(), rt, map[string]any{"command": sh(runaway+"\nwait; sleep 600", file)})
	if _, again := actions.RetryDelay(err); !again || !strings.Contains(err.Error(), "the bot stood still") {
		t.Errorf("error %v, want that the lease ended and the step begins again", err)
	}
	if time.Now().Before(end) {
		t.Error("it ended before the lease")
	}
	gone(t, file)
}

// A program goes on for longer than a lease that is renewed, and does not see where its supervisor hears of it.
func TestExecGoesOnWithTheLease(t *testing.T) {
	t.Parallel()
	rt := &actions.Runtime{Dir: t.TempDir(), Until: func() time.Time { return time.Now().Add(time.Second) }}
	out, err := entry(t, "exec.run").Run(t.Context(), rt, map[string]any{"command": sh(`sleep 2; readlink /proc/$$/fd/3 || echo none`)})
	if err != nil {
		t.Fatal(err)
	}
	if out["stdout"] != "none\n" {
		t.Errorf("the program has the file of the lease: %s", out["stdout"])
	}
}
