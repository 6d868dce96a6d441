package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// exec.run starts the bot's own binary twice more: as a supervisor, which inherits every process that the program leaves
// behind and ends them all, and between that and the program to set the limits, which a process can only set for itself.
const (
	stageVariable  = "HFBOT_EXEC_STAGE"
	specVariable   = "HFBOT_EXEC_SPEC"
	stageSupervise = "supervise"
	stageLimit     = "limit"
	stageConfine   = "confine" // and limit
	exitNotStarted = 125       // as of env(1) and docker
)

// execSpec is what the stages tell each other.
type execSpec struct {
	File   string
	Args   []string
	Limits limits
	Leased bool // leaseFile tells until when it may run
}

// init takes over in a process that is a stage of exec.run, before main.
func init() {
	stage := os.Getenv(stageVariable)
	if stage == "" || len(os.Args) != 1 || os.Args[0] != "hfbot-exec" {
		return
	}
	var spec execSpec
	if err := json.Unmarshal([]byte(os.Getenv(specVariable)), &spec); err != nil {
		notStarted(err)
	}
	if stage == stageConfine { // this thread, on which init runs, is the one that turns into the program
		if err := errors.Join(confine(), limitOnlySelf()); err != nil {
			notStarted(fmt.Errorf("keep the program from what watches over it: %w", err))
		}
	}
	if stage != stageSupervise {
		notStarted(become(spec))
	}
	os.Exit(supervise(spec)) //nolint:forbidigo // this process is a stage of exec.run, not the bot
}

// notStarted ends a stage that could not start the program.
func notStarted(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(exitNotStarted) //nolint:forbidigo // this process is a stage of exec.run, not the bot
}

// become sets the limits and turns into the program.
func become(spec execSpec) error {
	set := map[int]uint64{
		unix.RLIMIT_AS: spec.Limits.Memory, unix.RLIMIT_CPU: spec.Limits.CPU, unix.RLIMIT_FSIZE: spec.Limits.FileSize,
	}
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, stageVariable+"=") && !strings.HasPrefix(variable, specVariable+"=") {
			env = append(env, variable)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("limit core files: %w", err)
	}
	for what, limit := range set {
		if limit == 0 {
			continue
		}
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("set limit %d: %w", what, err)
		}
	}
	return syscall.Exec(spec.File, spec.Args, env)
}

// supervise runs the program and ends all that it leaves behind. It gives the exit code.
func supervise(spec execSpec) int {
	var over <-chan struct{}
	if spec.Leased {
		over = leaseOver()
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		notStarted(fmt.Errorf("become the one who inherits processes: %w", err))
	}
	if os.Getppid() == 1 && os.Getpid() != 1 && bornOrphan() {
		return exitNotStarted // the bot died before it could tell
	}
	// No file of this process under /proc is for others of its user.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		notStarted(err)
	}
	runtime.LockOSThread()
	stage := stageLimit
	confined := confineSupervisor(os.Getppid())
	if confined {
		stage = stageConfine
	}
	cmd := exec.Command("/proc/self/exe") //nolint:noctx // ended by killing its group, below
	cmd.Args = []string{"hfbot-exec"}
	cmd.Env = append(os.Environ(), stageVariable+"="+stage)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		notStarted(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	kill := func() error {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone already
		return <-done
	}
	var err error
	select {
	case err = <-done:
	case <-ended:
		err = kill()
	case <-over:
		err = kill()
	}
	killDescendants(confined)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal()) // as shells tell it
		}
	}
	return exitNotStarted
}

// bornOrphan tells whether the parent was gone from the start. In a container the bot itself may be process 1, which is
// told by its having the same binary.
func bornOrphan() bool {
	mine, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return false
	}
	first, err := os.Readlink("/proc/1/exe")
	return err == nil && first != mine
}

// rounds bounds how often what is left is killed. A supervisor that is confined needs only one.
const rounds = 1000

// killDescendants kills the processes that descend from this one, until there are none. Those whose parents die become
// children of this process. One that is confined kills all at once; else they are looked for again and again, and a program
// that always starts the next process may be faster.
func killDescendants(confined bool) {
	for range rounds {
		pids := []int{-1}
		if !confined {
			pids = descendants(os.Getpid())
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if errors.Is(err, syscall.ECHILD) {
				return
			}
			if err != nil || pid <= 0 {
				break
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// descendants lists the processes below one, as /proc tells it.
func descendants(of int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, ok := parentOf(pid); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	var found []int
	for todo := children[of]; len(todo) > 0; todo = todo[1:] {
		found = append(found, todo[0])
		todo = append(todo, children[todo[0]]...)
	}
	return found
}

// parentOf reads the parent of a process. The name of its program, in brackets, may hold anything.
func parentOf(pid int) (int, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}
