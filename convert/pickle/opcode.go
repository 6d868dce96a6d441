package pickle

import "fmt"

// operation is one opcode: its name in Python's pickletools and what it does.
type operation struct {
	name string
	run  func(*machine) error
}

// opcodes holds every opcode of protocols 0 to 5 under its byte. It is filled at start-up because the operations refer
// to it for their names.
var opcodes [256]operation

func init() {
	for _, group := range []map[byte]operation{stackOps, numberOps, textOps, containerOps, worldOps} {
		for code, op := range group {
			opcodes[code] = op
		}
	}
}

func opcodeName(code byte) string {
	if name := opcodes[code].name; name != "" {
		return name
	}
	return fmt.Sprintf("0x%02x", code)
}

// highestProtocol is the newest pickle protocol there is.
const highestProtocol = 5

// stackOps arrange the stack and the memo.
var stackOps = map[byte]operation{
	'(':  {"MARK", func(m *machine) error { m.mark(); return nil }},
	'.':  {"STOP", stop},
	'0':  {"POP", pop},
	'1':  {"POP_MARK", func(m *machine) error { m.popMark(); return nil }},
	'2':  {"DUP", func(m *machine) error { m.push(m.top()); return nil }},
	0x80: {"PROTO", proto},
	0x95: {"FRAME", func(m *machine) error { _, err := m.in.uint(8); return err }}, // a hint for buffering only
	'g':  {"GET", func(m *machine) error { return m.memoText(m.recall) }},
	'h':  {"BINGET", get(1)},
	'j':  {"LONG_BINGET", get(4)},
	'p':  {"PUT", func(m *machine) error { return m.memoText(m.put) }},
	'q':  {"BINPUT", put(1)},
	'r':  {"LONG_BINPUT", put(4)},
	0x94: {"MEMOIZE", func(m *machine) error { m.put(uint64(m.memo.length + len(m.sparse))); return nil }},
}

func stop(m *machine) error {
	m.result.Value = m.pop()
	m.result.Stopped = true
	return nil
}

// pop drops the top value, or the mark when there is nothing above it.
func pop(m *machine) error {
	if len(m.marks) > 0 && len(m.stack) == m.floor() {
		m.marks = m.marks[:len(m.marks)-1]
		return nil
	}
	m.pop()
	return nil
}

func proto(m *machine) error {
	version, err := m.in.byte()
	if err == nil && version > highestProtocol {
		m.malformedf("unknown protocol %d", version)
	}
	return err
}

func (m *machine) put(index uint64) { m.remember(index, m.top()) }

func get(width int) func(*machine) error {
	return func(m *machine) error {
		index, err := m.in.uint(width)
		if err == nil {
			m.recall(index)
		}
		return err
	}
}

func put(width int) func(*machine) error {
	return func(m *machine) error {
		index, err := m.in.uint(width)
		if err == nil {
			m.put(index)
		}
		return err
	}
}

// memoText reads a memo index written in decimal and hands it to use.
func (m *machine) memoText(use func(uint64)) error {
	line, err := m.in.line(maxNumber)
	if err != nil {
		return err
	}
	index, err := decimal(line)
	if err != nil || !index.IsUint64() {
		m.malformedf("%q is no memo index", line)
		return nil //nolint:nilerr // malformed has noted it
	}
	use(index.Uint64())
	return nil
}
