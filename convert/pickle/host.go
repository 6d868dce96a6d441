package pickle

import (
	"errors"
	"fmt"
)

// Host answers what a pickle asks of the world outside it. It decides from a closed table and runs nothing.
//
// An error that is or wraps an [*Unsupported] is recorded as Result.Unsupported, any other as Result.Malformed; the
// machine then goes on with an Opaque in place of the answer. A Host is not called with an Opaque as callee or
// persistent id, but may find some among the arguments.
type Host interface {
	// Global answers a reference to a class or function.
	Global(module, name string) (Value, error)
	// Call answers a call of callee, be it a function or a class.
	Call(callee Value, args []Value) (Value, error)
	// Build gives an object its state, as __setstate__ would.
	Build(object, state Value) error
	// Persistent answers a reference to an object stored outside the pickle.
	Persistent(id Value) (Value, error)
}

// Unsupported is the error of a Host for something well formed that it does not take.
type Unsupported struct {
	Message string
}

// Error returns the message.
func (e *Unsupported) Error() string { return e.Message }

// Unsupportedf returns an Unsupported with a formatted message.
func Unsupportedf(format string, args ...any) error {
	return &Unsupported{Message: fmt.Sprintf(format, args...)}
}

// Limits bound what one pickle may cost. A zero field means its default.
type Limits struct {
	Input      int64 // bytes read up to STOP; default 128 MiB
	Operations int   // opcodes run; default 10,000,000
	Stack      int   // values on the stack; default 1,000,000
	Marks      int   // open marks; default 10,000
	Memory     int   // approximate bytes of all objects made, and 8 for each byte read; thrice this at most; default 64 MiB
	Text       int   // longest string or bytes object that is kept, in bytes; default 64 KiB
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	if l.Input == 0 {
		l.Input = 128 << 20
	}
	set(&l.Operations, 10_000_000)
	set(&l.Stack, 1_000_000)
	set(&l.Marks, 10_000)
	set(&l.Memory, 64<<20)
	set(&l.Text, 64<<10)
	return l
}

// Result is what a pickle held.
type Result struct {
	Value       Value // Opaque when the pickle did not reach STOP
	Length      int64 // bytes up to and including STOP
	Stopped     bool  // STOP was reached
	Malformed   error // the first breach of the format or of the Limits, or nil
	Unsupported error // the first thing the Host does not take, or nil
}

// fault says where in the pickle something was wrong.
type fault struct {
	offset int64
	opcode byte
	err    error
}

func (f *fault) Error() string {
	return fmt.Sprintf("pickle opcode %s at byte %d: %v", opcodeName(f.opcode), f.offset, f.err)
}

func (f *fault) Unwrap() error { return f.err }

var (
	errUnderflow = errors.New("the stack is empty")
	errNoMark    = errors.New("no mark on the stack")
	errTruncated = errors.New("the pickle ends in the middle")
)
