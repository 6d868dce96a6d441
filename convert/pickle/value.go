package pickle

// Value is one Python object as data: None, bool, int64, *big.Int, float64, string, Bytes, Long, *Tuple, *List, *Dict,
// *Set, Global, Opaque, or whatever the Host made.
type Value any

// None is Python's None.
type None struct{}

// Bytes is a bytes or bytearray object.
type Bytes []byte

// Long stands for a string or bytes object too long to keep; only its length is known.
type Long struct {
	Length uint64
}

// Global names a class or function that the pickle wants to import. It is never looked up.
type Global struct {
	Module, Name string
}

// String joins module and name with a dot.
func (g Global) String() string { return g.Module + "." + g.Name }

// Opaque stands for an object of which nothing is known, because making it would need code or because its making
// failed. Every operation on it yields nothing or another Opaque.
type Opaque struct {
	What string // what it would have been, for messages; may be empty
}

// Tuple is a Python tuple.
type Tuple struct {
	Items   []Value
	visited visit
}

// List is a Python list.
type List struct {
	Items   []Value
	visited visit
}

// Set is a Python set or frozenset. Equal members are not merged.
type Set struct {
	Items   []Value
	visited visit
}

// Entry is one key of a Dict with its value.
type Entry struct {
	Key, Value Value
}

// Dict is a Python dict, or an object of a class derived from it, in order of insertion. Only string keys are unique:
// a second value for one replaces the first, as in Python. Other keys are kept as they come.
type Dict struct {
	Entries []Entry
	byName  map[string]int
	visited visit
}

// Set stores a value under a key.
func (d *Dict) Set(key, value Value) {
	name, ok := key.(string)
	if !ok {
		d.Entries = append(d.Entries, Entry{key, value})
		return
	}
	if i, ok := d.byName[name]; ok {
		d.Entries[i].Value = value
		return
	}
	if d.byName == nil {
		d.byName = make(map[string]int)
	}
	d.byName[name] = len(d.Entries)
	d.Entries = append(d.Entries, Entry{key, value})
}

// Get returns the value stored under a string key.
func (d *Dict) Get(name string) (Value, bool) {
	i, ok := d.byName[name]
	if !ok {
		return nil, false
	}
	return d.Entries[i].Value, true
}
