package builtin

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hfbot/hfbot/actions"
)

// hiding are programs that start a process which is to live on. The last ones need a kernel that keeps them from their watcher.
var hiding = []struct {
	name, script string
	confined     bool
}{
	{"another session", `setsid sh -c 'trap "" TERM HUP INT; sleep 600 & exit' >/dev/null 2>&1 &`, false},
	{"one process after the other", `chain() { chain & exit; }
		chain >/dev/null 2>&1 &
		chain >/dev/null 2>&1 &`, true},
	{"the watcher killed", `sleep 600 >/dev/null 2>&1 & kill -9 $PPID; true`, true},
	{"the watcher stopped", `sleep 600 >/dev/null 2>&1 & kill -STOP $PPID; true`, true},
	{"a watcher without files", `sleep 600 >/dev/null 2>&1 & prlimit --pid $PPID --nofile=0 --cpu=1 --as=0; true`, true},
}

// confines tells whether this kernel keeps a program from what watches over it.
func confines() bool {
	version, _, failed := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	return failed == 0 && version >= landlockScopes
}

// runToTheEnd runs a program, and wants that nothing of it lives on: all its processes hold the pipe that it is given, which
// ends for the reader with the last of them.
func runToTheEnd(t *testing.T, script string) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	if _, err := execWith(t.Context(), t, map[string]any{"command": sh("exec 9>\"$1\"\n"+script, pipe)}, nil); err != nil {
		t.Error(err)
	}
	if err := held.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(held); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("something lives on")
	}
}

func TestExecEndsWhatHides(t *testing.T) {
	t.Parallel()
	for _, h := range hiding {
		if h.confined && !confines() {
			t.Logf("%s: not on a Linux without Landlock 6", h.name)
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			runToTheEnd(t, h.script)
		})
	}
}

// TestExecReachesNobody asks for all by which a program could stop its watcher or the bot; what it started it may signal.
func TestExecReachesNobody(t *testing.T) {
	t.Parallel()
	out, err := execWith(t.Context(), t, map[string]any{"command": sh(`exec 2>/dev/null
for pid in $PPID $1; do
	kill -0 $pid && echo "signal to $pid"
	prlimit --pid $pid --core=0 && echo "limits of $pid"
	head -c1 /proc/$pid/mem && echo "memory of $pid"
	(echo 0 > /proc/$pid/oom_score_adj) && [ $(id -u) != 0 ] && echo "score of $pid"
done
prlimit --core=0 true || echo "no limits of its own"
sleep 600 & kill $! || echo "no signal to its own"`, strconv.Itoa(os.Getpid()))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if reached := out["stdout"].(string); confines() && reached != "" {
		t.Errorf("the program reaches\n%s", reached)
	}
}

// withoutDomain runs f on a thread that has entered so many domains that what it starts can enter none: as on an old kernel.
func withoutDomain(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked, so that the thread ends here
		for confine() == nil {
		}
		f()
	}()
	<-done
}

func TestExecWithoutLandlock(t *testing.T) {
	t.Parallel()
	withoutDomain(t, func() { runToTheEnd(t, hiding[0].script) })
}

// TestExecWithoutItsWatcher does not take the end of what watches over a program for an exit code of the program.
func TestExecWithoutItsWatcher(t *testing.T) {
	t.Parallel()
	withoutDomain(t, func() {
		_, err := execWith(t.Context(), t, map[string]any{"command": sh("kill -9 $PPID")}, nil)
		if !actions.IsPermanent(err) || !strings.Contains(err.Error(), "what watches over sh was killed") {
			t.Errorf("error %v, want one that says what was killed", err)
		}
	})
}
