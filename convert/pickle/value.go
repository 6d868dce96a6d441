package pickle

import (
	"hash/maphash"
	"math/bits"
)

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
	byName  []int32 // a hash table of string keys: 1 + the position of an entry, or 0; none for a few entries
	visited visit
}

// fewEntries is up to how many entries of a dict are looked through one by one.
const fewEntries = 8

var hashSeed = maphash.MakeSeed()

// Set stores a value under a key.
func (d *Dict) Set(key, value Value) {
	name, ok := key.(string)
	if !ok {
		d.Entries = append(d.Entries, Entry{key, value})
		return
	}
	at, slot := d.find(name)
	if at >= 0 {
		d.Entries[at].Value = value
		return
	}
	d.Entries = append(d.Entries, Entry{key, value})
	if slot >= 0 {
		d.byName[slot] = int32(len(d.Entries))
	}
	if len(d.Entries) > fewEntries && len(d.Entries) > len(d.byName)*3/4 {
		d.rehash()
	}
}

// Get returns the value stored under a string key.
func (d *Dict) Get(name string) (Value, bool) {
	at, _ := d.find(name)
	if at < 0 {
		return nil, false
	}
	return d.Entries[at].Value, true
}

// find returns the position of a key, or -1 and the free slot of the table that it belongs into, if there is a table.
func (d *Dict) find(name string) (at, slot int) {
	if d.byName == nil {
		for i, e := range d.Entries {
			if key, ok := e.Key.(string); ok && key == name {
				return i, -1
			}
		}
		return -1, -1
	}
	mask := len(d.byName) - 1
	for slot = int(maphash.String(hashSeed, name)) & mask; d.byName[slot] != 0; slot = (slot + 1) & mask {
		at := int(d.byName[slot] - 1)
		if key, _ := d.Entries[at].Key.(string); key == name {
			return at, slot
		}
	}
	return -1, slot
}

// rehash makes the table twice as large as it needs to be.
func (d *Dict) rehash() {
	d.byName = make([]int32, 1<<bits.Len(uint(2*len(d.Entries))))
	for i, e := range d.Entries {
		if name, ok := e.Key.(string); ok {
			_, slot := d.find(name)
			d.byName[slot] = int32(i + 1)
		}
	}
}
