package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hfbot/hfbot/actions"
)

// limits of each process of a program; 0 is none.
type limits struct {
	Memory   uint64 // address space, bytes
	CPU      uint64 // seconds
	FileSize uint64 // bytes
}

// program is a program that is run. Between the bot and it stands a supervisor, the bot's own binary once more, see
// supervise.
type program struct {
	command   []string
	env       []string
	dir       string
	input     []byte
	limits    limits
	stdout    *head
	stderr    *tail
	maxOutput int64
	until     func() time.Time // see actions.Runtime
	lease     *lease           // nil without until
}

// set sets a variable of the environment.
func (p *program) set(name, value string) { p.env = append(p.env, name+"="+value) }

// endGrace is how long the supervisor has to end what it started before it is killed itself.
const endGrace = 10 * time.Second

// errOutput ends a program that prints too much.
var errOutput = errors.New("it printed more than max_output")

// errLease ends a program whose bot stood still, or did not reach the database.
var errLease = errors.New("the bot stood still, or could not renew the run's lease, for longer than that")

// run runs the program to its end and gives its exit code; -1 when it was killed by a signal.
func (p *program) run(ctx context.Context) (int, error) {
	// What same-named users may read of the bot through /proc, its environment and memory, ends here.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("protect the bot's memory: %w", err)
	}
	file, err := p.find()
	if err != nil {
		return 0, actions.Permanent(err)
	}
	spec, err := json.Marshal(execSpec{File: file, Args: p.command, Limits: p.limits, Leased: p.until != nil})
	if err != nil {
		return 0, actions.Permanent(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{"hfbot-exec"}
	cmd.Env = append(slices.Clone(p.env), stageVariable+"="+stageSupervise, specVariable+"="+string(spec))
	cmd.Dir, cmd.Stdin = p.dir, bytes.NewReader(p.input)
	left := &atomic.Int64{}
	left.Store(p.maxOutput)
	tooMuch := func() { cancel(errOutput) }
	cmd.Stdout, cmd.Stderr = metered{p.stdout, left, tooMuch}, metered{p.stderr, left, tooMuch}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endGrace
	if p.until != nil {
		if p.lease, err = newLease(ctx, cmd, p.until); err != nil {
			return 0, fmt.Errorf("tell until when %s may run: %w", p.command[0], err)
		}
	}
	// The signal at the parent's death is that of the thread, so the thread must live as long as the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	return p.exitCode(ctx, cmd, err)
}

// exitCode judges how the program ended.
func (p *program) exitCode(ctx context.Context, cmd *exec.Cmd, err error) (int, error) {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errOutput):
		return 0, actions.Permanentf("%s: %w, %d MiB, and was ended", p.command[0], errOutput, p.maxOutput>>20)
	case cause != nil:
		return 0, fmt.Errorf("%s was ended: %w", p.command[0], cause)
	case p.lease.over():
		// As after a crash: if the run is still this bot's, the step begins again.
		return 0, actions.RetryAfter(time.Second, fmt.Errorf("%s was ended: %w", p.command[0], errLease))
	case cmd.ProcessState == nil:
		return 0, fmt.Errorf("start %s: %w", p.command[0], err)
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 0, actions.Permanentf("what watches over %s was killed (%s): what it started may go on", p.command[0], status.Signal())
	}
	code := cmd.ProcessState.ExitCode()
	if code == exitNotStarted {
		return 0, actions.Permanentf("%s cannot be started: %s", p.command[0], strings.TrimSpace(plainText(p.stderr.text())))
	}
	return code, nil
}

// find finds the program, with the PATH that it gets.
func (p *program) find() (string, error) {
	name := p.command[0]
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.dir, name)
		}
		return name, nil
	}
	var path string
	for _, variable := range p.env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(file) {
			continue // a folder of the repository is no place for programs
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("there is no program %q in PATH on the bot's machine", name)
}

// metered counts what is written and tells when it is too much.
type metered struct {
	to      interface{ Write(p []byte) (int, error) }
	left    *atomic.Int64
	tooMuch func()
}

// Write implements io.Writer.
func (m metered) Write(p []byte) (int, error) {
	if m.left.Add(-int64(len(p))) < 0 {
		m.tooMuch()
	}
	return m.to.Write(p)
}
