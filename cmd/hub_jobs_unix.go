//go:build unix

package cmd

import (
	"os/exec"
	"syscall"
)

// endWithChildren has the end of the process' context end the processes that it began, too.
func endWithChildren(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return syscall.Kill(-process.Process.Pid, syscall.SIGKILL) }
}
