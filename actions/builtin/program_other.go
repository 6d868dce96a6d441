//go:build !linux

package builtin

import (
	"context"
	"errors"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// limits of each process of a program.
type limits struct{ Memory, CPU, FileSize uint64 }

// program is a program that would be run.
type program struct {
	command   []string
	env       []string
	dir       string
	input     []byte
	limits    limits
	stdout    *head
	stderr    *tail
	maxOutput int64
	until     func() time.Time
}

// set sets a variable of the environment.
func (p *program) set(name, value string) { p.env = append(p.env, name+"="+value) }

// run refuses: what a program leaves behind can only be ended on Linux.
func (p *program) run(context.Context) (int, error) {
	return 0, actions.Permanent(errors.New("exec.run needs a bot that runs on Linux"))
}
