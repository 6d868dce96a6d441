package builtin

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A program goes on while the bot stands still, and when that lasts longer than the lease of the run, another instance
// starts it once more. So the bot tells the supervisor through a pipe, again and again, until when the run is its own; when
// that time comes and nothing else was told, the supervisor ends the program. Both go by a clock that nobody can set and
// that does not stand while the machine sleeps.

const (
	leaseFile   = 3 // the file of the pipe in the supervisor, the first of [exec.Cmd.ExtraFiles]
	leaseTold   = time.Second
	leaseLooked = 100 * time.Millisecond
)

// sinceBoot is the time by the clock that goes on always.
func sinceBoot() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0 // every Linux that Go runs on has it
	}
	return now.Nano()
}

// lease tells the supervisor of a command until when it may go on.
type lease struct {
	until func() time.Time
	told  atomic.Int64
	out   *os.File
}

// newLease begins to tell, until ctx ends.
func newLease(ctx context.Context, cmd *exec.Cmd, until func() time.Time) (*lease, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{in}
	l := &lease{until: until, out: out}
	if err := l.tell(); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	context.AfterFunc(ctx, func() { _ = in.Close() }) // the supervisor has its own
	go func() {
		defer func() { _ = out.Close() }()
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(max(min(leaseTold, time.Until(l.until())/8), leaseLooked/10)):
				if l.tell() != nil {
					return // the supervisor has ended
				}
			}
		}
	}()
	return l, nil
}

// tell tells once.
func (l *lease) tell() error {
	now := sinceBoot() // before the question, so that a pause in between makes it no longer
	l.told.Store(now + int64(time.Until(l.until())))
	return binary.Write(l.out, binary.BigEndian, l.told.Load())
}

// over tells whether the supervisor had to end the program.
func (l *lease) over() bool { return l != nil && l.told.Load() <= sinceBoot() }

// leaseOver is closed in the supervisor when the bot has told no later time than now.
func leaseOver() <-chan struct{} {
	unix.CloseOnExec(leaseFile) // not for the program
	over := make(chan struct{})
	var until atomic.Int64
	until.Store(sinceBoot() + int64(leaseTold))
	go func() {
		from := os.NewFile(leaseFile, "lease")
		var told int64
		for binary.Read(from, binary.BigEndian, &told) == nil {
			until.Store(told)
		}
	}()
	go func() {
		defer close(over)
		for until.Load() > sinceBoot() {
			time.Sleep(leaseLooked)
		}
	}()
	return over
}
