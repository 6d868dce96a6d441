package pickle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// Run reads one pickle from r up to and including its STOP. The reader may have been read further than that; pass a
// *bufio.Reader to go on reading after the pickle. The error is one of reading or of the context; faults of the pickle
// itself are in the Result.
func Run(ctx context.Context, r io.Reader, host Host, limits Limits) (*Result, error) {
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = bufio.NewReaderSize(r, 64<<10)
	}
	limits = limits.withDefaults()
	m := &machine{in: input{r: br, limit: limits.Input}, host: host, limits: limits}
	if err := m.run(ctx); err != nil {
		return nil, err
	}
	m.result.Length = m.in.pos
	if !m.result.Stopped {
		m.result.Value = Opaque{}
	}
	return &m.result, nil
}

// machine is the state of one pickle being read.
type machine struct {
	in      input
	host    Host
	limits  Limits
	stack   []Value
	marks   []int // heights of the stack at each open mark
	memo    memo
	sparse  map[uint64]Value // memo entries stored out of order
	small   map[intTuple]*Tuple
	names   map[string]string // see interned
	used    int               // approximate bytes of objects made
	opcode  byte
	started int64 // position of the current opcode
	result  Result
}

func (m *machine) run(ctx context.Context) error {
	for count := 0; !m.result.Stopped; count++ {
		if count == m.limits.Operations {
			m.malformedf("more than %d operations", count)
			return nil
		}
		if count%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		m.started = m.in.pos
		code, err := m.in.byte()
		m.opcode = code
		if err == nil {
			op := opcodes[code].run
			if op == nil {
				m.malformedf("unknown opcode 0x%02x", code)
				return nil
			}
			err = op(m)
		}
		if err != nil {
			return m.halt(err)
		}
		if len(m.stack) > m.limits.Stack {
			m.flood("too many values on the stack")
		}
	}
	return nil
}

// halt records an error after which reading cannot go on, and returns those that are not the pickle's fault.
func (m *machine) halt(err error) error {
	if errors.Is(err, errTruncated) || errors.Is(err, errInputLimit) {
		m.malformed(err)
		return nil
	}
	return err
}

func (m *machine) malformed(err error) {
	if m.result.Malformed == nil {
		m.result.Malformed = &fault{offset: m.started, opcode: m.opcode, err: err}
	}
}

// malformedf records a fault in words. The words are only put together for the first: a hostile pickle has millions.
func (m *machine) malformedf(format string, args ...any) {
	if m.result.Malformed == nil {
		m.malformed(fmt.Errorf(format, args...))
	}
}

// failed records an answer of the host that is an error.
func (m *machine) failed(err error) {
	var unsupported *Unsupported
	if !errors.As(err, &unsupported) {
		m.malformed(err)
		return
	}
	if m.result.Unsupported == nil {
		m.result.Unsupported = &fault{offset: m.started, opcode: m.opcode, err: err}
	}
}

// flood records that a limit was passed and forgets all objects, so that reading can go on in bounded memory.
func (m *machine) flood(what string) {
	m.malformedf("%s", what)
	m.stack, m.marks, m.memo, m.sparse, m.small, m.used = nil, nil, memo{}, nil, nil, 0
}

// charge accounts for the memory of a new object. A long pickle, as one of 100,000 tensors is, may use more.
func (m *machine) charge(bytes int) {
	m.used += bytes
	if m.used > m.limits.Memory+int(min(8*m.in.pos, int64(2*m.limits.Memory))) {
		m.flood("the objects need too much memory")
	}
}

func (m *machine) push(v Value) { m.stack = append(m.stack, v) }

// floor is the height below which the stack belongs to an enclosing mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

// pop takes the top of the stack; of an empty one it records the fault and gives an Opaque.
func (m *machine) pop() Value {
	top := len(m.stack) - 1
	if top < m.floor() {
		m.malformed(errUnderflow)
		return Opaque{}
	}
	v := m.stack[top]
	m.stack[top] = nil
	m.stack = m.stack[:top]
	return v
}

// top returns the top of the stack without taking it.
func (m *machine) top() Value {
	if len(m.stack) <= m.floor() {
		m.malformed(errUnderflow)
		return Opaque{}
	}
	return m.stack[len(m.stack)-1]
}

// popMark closes the last mark and takes everything above it, in a slice of its own.
func (m *machine) popMark() []Value {
	if len(m.marks) == 0 {
		m.malformed(errNoMark)
		return nil
	}
	height := m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	items := append([]Value(nil), m.stack[height:]...)
	clear(m.stack[height:])
	m.stack = m.stack[:height]
	m.charge(16*len(items) + 16)
	return items
}

func (m *machine) mark() {
	if len(m.marks) >= m.limits.Marks {
		m.flood("too many open marks")
	}
	m.marks = append(m.marks, len(m.stack))
}

func (m *machine) remember(index uint64, v Value) {
	m.charge(24)
	if index < uint64(m.memo.length) {
		*m.memo.at(int(index)) = v
		return
	}
	if index == uint64(m.memo.length) {
		m.memo.append(v)
		delete(m.sparse, index)
		return
	}
	if m.sparse == nil {
		m.sparse = make(map[uint64]Value)
	}
	m.sparse[index] = v
	m.charge(40)
}

func (m *machine) recall(index uint64) {
	var v Value
	ok := index < uint64(m.memo.length)
	if ok {
		v = *m.memo.at(int(index))
	} else if v, ok = m.sparse[index]; !ok {
		m.malformedf("memo entry %d was never set", index)
		v = Opaque{}
	}
	if v == (spent{}) {
		m.failed(Unsupportedf("arguments that were used for a call and are wanted again"))
		v = Opaque{}
	}
	m.push(v)
}

// spent stands in the memo for the arguments of a call that was made.
type spent struct{}

// spend lets the memo forget the tuple that was put there last, when a call has used it up. Python's pickler memoizes the
// arguments of every call, makes them anew for each and never asks for them again; they would be a third of all memory.
func (m *machine) spend(t *Tuple) {
	if m.memo.length == 0 || len(t.Items) == 0 {
		return
	}
	if last := m.memo.at(m.memo.length - 1); *last == Value(t) {
		*last = spent{}
	}
}
