package pgtest

import (
	"os/exec"
	"syscall"
)

// endWithParent has a program end with this process, however that ends. It follows detach.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT }
