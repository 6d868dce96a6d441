//go:build !linux

package pgtest

import "os/exec"

// endWithParent can do nothing elsewhere: a test binary that is killed leaves its server behind.
func endWithParent(*exec.Cmd) {}
