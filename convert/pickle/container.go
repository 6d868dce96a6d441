package pickle

import (
	"fmt"
	"math/big"
)

// containerOps make tuples, lists, dicts and sets, and fill them.
var containerOps = map[byte]operation{
	')':  {"EMPTY_TUPLE", func(m *machine) error { m.pushTuple(nil); return nil }},
	't':  {"TUPLE", longTuple},
	0x85: {"TUPLE1", tuple(1)},
	0x86: {"TUPLE2", tuple(2)},
	0x87: {"TUPLE3", tuple(3)},
	']':  {"EMPTY_LIST", func(m *machine) error { m.pushList(nil); return nil }},
	'l':  {"LIST", func(m *machine) error { m.pushList(m.popMark()); return nil }},
	'a':  {"APPEND", func(m *machine) error { m.extend([]Value{m.pop()}); return nil }},
	'e':  {"APPENDS", func(m *machine) error { m.extend(m.popMark()); return nil }},
	'}':  {"EMPTY_DICT", func(m *machine) error { m.pushDict(nil); return nil }},
	'd':  {"DICT", func(m *machine) error { m.pushDict(m.popMark()); return nil }},
	's':  {"SETITEM", setItem},
	'u':  {"SETITEMS", setItems},
	0x8f: {"EMPTY_SET", func(m *machine) error { m.charge(64); m.push(&Set{}); return nil }},
	0x90: {"ADDITEMS", addItems},
	0x91: {"FROZENSET", func(m *machine) error { m.charge(64); m.push(&Set{Items: m.popMark()}); return nil }},
}

func (m *machine) pushTuple(items []Value) {
	m.charge(32)
	m.push(&Tuple{Items: items})
}

func (m *machine) pushList(items []Value) {
	m.charge(32)
	m.push(&List{Items: items})
}

func (m *machine) pushDict(items []Value) {
	m.charge(64)
	d := &Dict{}
	m.push(d)
	m.update(d, items)
}

// intTuple is a tuple of a few integers, such as the shape of a tensor.
type intTuple struct {
	length int
	items  [4]int64
}

// maxSmall bounds the tuples of integers that are kept to be used again.
const maxSmall = 4096

// pushSmall makes a tuple of the top n values if all are integers. Equal ones are made once, since the tensors of a model
// have few different shapes.
func (m *machine) pushSmall(n int) bool {
	low := len(m.stack) - n
	key := intTuple{length: n}
	if n == 0 || n > len(key.items) || low < m.floor() {
		return false
	}
	for i, v := range m.stack[low:] {
		number, ok := v.(int64)
		if !ok {
			return false
		}
		key.items[i] = number
	}
	t, known := m.small[key]
	if !known {
		t = &Tuple{Items: append([]Value(nil), m.stack[low:]...)}
	}
	clear(m.stack[low:])
	m.stack = append(m.stack[:low], t)
	if known {
		return true
	}
	if m.small == nil {
		m.small = make(map[intTuple]*Tuple)
	}
	if len(m.small) < maxSmall {
		m.small[key] = t
	}
	m.charge(32 + 16*n)
	return true
}

// longTuple makes a tuple of all values above the last mark.
func longTuple(m *machine) error {
	if len(m.marks) > 0 && m.pushSmall(len(m.stack)-m.floor()) {
		m.marks = m.marks[:max(0, len(m.marks)-1)] // none are left after a flood
		return nil
	}
	m.pushTuple(m.popMark())
	return nil
}

func tuple(n int) func(*machine) error {
	return func(m *machine) error {
		if m.pushSmall(n) {
			return nil
		}
		items := make([]Value, n)
		for i := n - 1; i >= 0; i-- {
			items[i] = m.pop()
		}
		m.charge(16 * n)
		m.pushTuple(items)
		return nil
	}
}

// extend appends to the list on top of the stack. An object of a class of its own takes the items unseen.
func (m *machine) extend(items []Value) {
	switch c := m.top().(type) {
	case *List:
		m.charge(16 * len(items))
		c.Items = append(c.Items, items...)
	case Opaque:
	default:
		m.malformedf("append to %s", Kind(c))
	}
}

func setItem(m *machine) error {
	value, key := m.pop(), m.pop()
	m.update(m.top(), []Value{key, value})
	return nil
}

// setItems stores all above the last mark. It may be a whole model, which is not copied for it.
func setItems(m *machine) error {
	if len(m.marks) == 0 {
		m.malformed(errNoMark)
		return nil
	}
	items := m.stack[m.floor():]
	m.stack, m.marks = m.stack[:m.floor()], m.marks[:len(m.marks)-1]
	m.update(m.top(), items)
	clear(items)
	return nil
}

// update stores keys and values, which alternate in items, in a dict.
func (m *machine) update(target Value, items []Value) {
	if len(items)%2 != 0 {
		m.malformedf("a key without a value")
		return
	}
	switch d := target.(type) {
	case *Dict:
		m.charge(80 * len(items) / 2)
		for i := 0; i < len(items); i += 2 {
			d.Set(items[i], items[i+1])
		}
	case Opaque:
	default:
		m.malformedf("store of an item in %s", Kind(d))
	}
}

func addItems(m *machine) error {
	items := m.popMark()
	switch s := m.top().(type) {
	case *Set:
		m.charge(16 * len(items))
		s.Items = append(s.Items, items...)
	case Opaque:
	default:
		m.malformedf("add to %s", Kind(s))
	}
	return nil
}

// Kind names the type of a value for messages, in Python's words.
func Kind(v Value) string {
	switch v := v.(type) {
	case None:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case Bytes:
		return "bytes"
	case Long:
		return "a very long str, int or bytes"
	case *Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case *Set:
		return "a set"
	case Global:
		return v.String()
	case Opaque:
		if v.What != "" {
			return v.What
		}
		return "an unknown object"
	case fmt.Stringer:
		return v.String()
	}
	return "an object"
}
