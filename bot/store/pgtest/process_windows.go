package pgtest

import "os/exec"

// detach does nothing: there are no process groups, and the server drops the rights of an administrator by itself.
func detach(*exec.Cmd, *account) {}

// killGroup ends a program.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
