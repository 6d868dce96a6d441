package pickle

// memoBlock is how many entries of a memo are allocated at once.
const memoBlock = 8192

// memo holds the objects that a pickle refers to again, by their numbers from 0 on. That of a model of 100,000 tensors has a
// million, so that it grows by blocks: a slice would be copied, and be there twice meanwhile.
type memo struct {
	blocks [][]Value
	length int
}

func (m *memo) at(i int) *Value { return &m.blocks[i/memoBlock][i%memoBlock] }

func (m *memo) append(v Value) {
	last := m.length / memoBlock
	if last == len(m.blocks) {
		var block []Value
		if last > 0 { // most pickles have a few entries
			block = make([]Value, 0, memoBlock)
		}
		m.blocks = append(m.blocks, block)
	}
	m.blocks[last] = append(m.blocks[last], v)
	m.length++
}
