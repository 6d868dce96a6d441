package pickle

// visit is the state of a container in the search of Cyclic.
type visit uint8

const (
	unseen visit = iota
	entered
	left
)

// Cyclic reports whether a container reachable from root contains itself. It uses no recursion, so that the nesting of
// the input does not become the depth of the Go stack. It may be called once per value.
func Cyclic(root Value) bool {
	type frame struct {
		state *visit
		child func(int) (Value, bool)
		next  int
	}
	var path []frame
	enter := func(v Value) (cyclic bool) {
		state, child := children(v)
		if state == nil || *state == left {
			return false
		}
		if *state == entered {
			return true
		}
		*state = entered
		path = append(path, frame{state: state, child: child})
		return false
	}
	if enter(root) {
		return true
	}
	for len(path) > 0 {
		top := &path[len(path)-1]
		v, ok := top.child(top.next)
		top.next++
		if !ok {
			*top.state = left
			path = path[:len(path)-1]
			continue
		}
		if enter(v) {
			return true
		}
	}
	return false
}

// children returns the search state of a container and a function giving its i-th member, or nil for anything else.
func children(v Value) (*visit, func(int) (Value, bool)) {
	switch c := v.(type) {
	case *Tuple:
		return &c.visited, member(&c.Items)
	case *List:
		return &c.visited, member(&c.Items)
	case *Set:
		return &c.visited, member(&c.Items)
	case *Dict:
		return &c.visited, func(i int) (Value, bool) {
			if i >= 2*len(c.Entries) {
				return nil, false
			}
			if i%2 == 0 {
				return c.Entries[i/2].Key, true
			}
			return c.Entries[i/2].Value, true
		}
	}
	return nil, nil
}

func member(items *[]Value) func(int) (Value, bool) {
	return func(i int) (Value, bool) {
		if i >= len(*items) {
			return nil, false
		}
		return (*items)[i], true
	}
}
