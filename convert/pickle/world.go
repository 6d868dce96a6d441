package pickle

import (
	"unicode/utf8"
)

// worldOps are those by which a pickle reaches outside itself. All of them end at the Host.
var worldOps = map[byte]operation{
	'c':  {"GLOBAL", global},
	0x93: {"STACK_GLOBAL", stackGlobal},
	0x82: {"EXT1", extension(1)},
	0x83: {"EXT2", extension(2)},
	0x84: {"EXT4", extension(4)},
	'P':  {"PERSID", persistentText},
	'Q':  {"BINPERSID", func(m *machine) error { m.persistent(m.pop()); return nil }},
	'R':  {"REDUCE", reduce},
	0x81: {"NEWOBJ", reduce},
	0x92: {"NEWOBJ_EX", newObjectEx},
	'i':  {"INST", inst},
	'o':  {"OBJ", object},
	'b':  {"BUILD", build},
}

// global reads GLOBAL: a module and a name, a line each.
func global(m *machine) error {
	v, err := m.readGlobal()
	if err == nil {
		m.push(v)
	}
	return err
}

func (m *machine) readGlobal() (Value, error) {
	line, err := m.in.line(m.limits.Text)
	if err != nil {
		return nil, err
	}
	module := m.interned(line)
	if line, err = m.in.line(m.limits.Text); err != nil {
		return nil, err
	}
	return m.resolve(module, m.interned(line)), nil
}

// maxNames bounds the names that are kept to be used again.
const maxNames = 256

// interned makes a string of a name. Each tensor names the same few classes and functions again.
func (m *machine) interned(name []byte) string {
	if s, ok := m.names[string(name)]; ok {
		return s
	}
	s := string(name)
	if m.names == nil {
		m.names = make(map[string]string)
	}
	if len(m.names) < maxNames && len(s) < maxNames {
		m.names[s] = s
	}
	return s
}

func stackGlobal(m *machine) error {
	top, below := m.pop(), m.pop()
	name, nameOK := top.(string)
	module, moduleOK := below.(string)
	if !nameOK || !moduleOK {
		m.malformedf("a global that is not named by two strings")
		m.push(Opaque{})
		return nil
	}
	m.push(m.resolve(module, name))
	return nil
}

// resolve asks the host for a global.
func (m *machine) resolve(module, name string) Value {
	if !utf8.ValidString(module) || !utf8.ValidString(name) {
		m.malformed(errText)
		return Opaque{}
	}
	m.charge(64 + len(module) + len(name))
	return m.answer(m.host.Global(module, name))
}

// answer takes what the host said: its value, or the fault and an Opaque.
func (m *machine) answer(v Value, err error) Value {
	if err != nil {
		m.failed(err)
		return Opaque{}
	}
	if v == nil {
		return Opaque{}
	}
	return v
}

// extension is a global under a number that programs agree on beforehand; here none are.
func extension(width int) func(*machine) error {
	return func(m *machine) error {
		code, err := m.in.uint(width)
		if err == nil {
			m.malformedf("extension code %d is not registered", code)
			m.push(Opaque{})
		}
		return err
	}
}

func persistentText(m *machine) error {
	line, err := m.in.line(m.limits.Text)
	if err == nil {
		m.persistent(string(line))
	}
	return err
}

func (m *machine) persistent(id Value) {
	if _, unknown := id.(Opaque); unknown {
		m.push(Opaque{})
		return
	}
	m.charge(96)
	m.push(m.answer(m.host.Persistent(id)))
	if t, ok := id.(*Tuple); ok {
		m.spend(t)
	}
}

func (m *machine) call(callee Value, args []Value) {
	if o, unknown := callee.(Opaque); unknown {
		m.push(o)
		return
	}
	m.charge(128)
	m.push(m.answer(m.host.Call(callee, args)))
}

// callTuple calls with arguments that must have come as a tuple.
func (m *machine) callTuple(callee, args Value) {
	switch t := args.(type) {
	case *Tuple:
		m.call(callee, t.Items)
		m.spend(t)
	case Opaque:
		m.push(Opaque{})
	default:
		m.malformedf("arguments of a call are %s and not a tuple", Kind(args))
		m.push(Opaque{})
	}
}

func reduce(m *machine) error {
	args := m.pop()
	m.callTuple(m.pop(), args)
	return nil
}

func newObjectEx(m *machine) error {
	keywords, args := m.pop(), m.pop()
	class := m.pop()
	if d, ok := keywords.(*Dict); ok && len(d.Entries) > 0 {
		m.failed(Unsupportedf("%s made with named arguments", Kind(class)))
		m.push(Opaque{})
		return nil
	}
	m.callTuple(class, args)
	return nil
}

func inst(m *machine) error {
	class, err := m.readGlobal()
	if err == nil {
		m.call(class, m.popMark())
	}
	return err
}

func object(m *machine) error {
	items := m.popMark()
	if len(items) == 0 {
		m.malformedf("an object without a class")
		m.push(Opaque{})
		return nil
	}
	m.call(items[0], items[1:])
	return nil
}

func build(m *machine) error {
	state := m.pop()
	target := m.top()
	if _, unknown := target.(Opaque); unknown {
		return nil
	}
	if err := m.host.Build(target, state); err != nil {
		m.failed(err)
	}
	return nil
}
