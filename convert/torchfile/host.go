package torchfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/convert/pickle"
)

// maxGlobals bounds the names of the globals remembered for the report, in bytes.
const maxGlobals = 1 << 20

// host answers a checkpoint's pickles from the allow-list. It implements pickle.Host.
type host struct {
	inert    bool // unknown classes become opaque objects
	found    findings
	globals  map[pickle.Global]answer
	named    int        // bytes of names in globals
	storages []*Storage // of a legacy file, whose places come after its pickles
	shapes   map[*pickle.Tuple][]int64
	used     int // members copied, see maxCopied

	// place finds the bytes of a storage, and the storage itself if it is a known one; nil until the container allows it.
	place func(*Storage) (*Storage, error)
}

func newHost(opts Options) *host {
	return &host{inert: opts.Inert, found: findings{}, globals: map[pickle.Global]answer{}, shapes: map[*pickle.Tuple][]int64{}}
}

// callable is an allowed class or function.
type callable struct {
	name string
	call func(h *host, args []pickle.Value) (pickle.Value, error)
}

// String names the callable for messages.
func (c *callable) String() string { return c.name }

// storageClass is a class of storages in persistent ids.
type storageClass struct{ dtype *DType }

// answer is what a global was answered with, since most are named more than once.
type answer struct {
	value pickle.Value
	err   error
}

// Global implements pickle.Host.
func (h *host) Global(module, name string) (pickle.Value, error) {
	g := pickle.Global{Module: module, Name: name}
	known, ok := h.globals[g]
	if !ok {
		known.value, known.err = h.judge(g)
		if h.named += len(module) + len(name); h.named <= maxGlobals {
			h.globals[g] = known
		}
	}
	return known.value, known.err
}

func (h *host) judge(g pickle.Global) (pickle.Value, error) {
	if dangerous(g.Module, g.Name) {
		h.found.add(Dangerous, fmt.Sprintf("this file runs code when Python unpickles it: it uses %.200s", g))
		return pickle.Opaque{What: g.String()}, nil
	}
	if v := lookup(g.Module, g.Name); v != nil {
		return v, nil
	}
	if h.inert {
		return pickle.Opaque{What: g.String()}, nil
	}
	return nil, pickle.Unsupportedf("%.200s is not on the list of what may be in a checkpoint", g)
}

// lookup finds a global on the allow-list, or nil.
func lookup(module, name string) pickle.Value {
	module, name = modern(module, name)
	if c, ok := allowed[module+"."+name]; ok {
		return c
	}
	switch module {
	case "torch":
		if d, ok := dtypes[name]; ok {
			return d
		}
		return classOf(name)
	case "torch.storage", "torch.cuda":
		return classOf(name)
	}
	return nil
}

func classOf(name string) pickle.Value {
	if d, ok := storageTypes[name]; ok {
		return storageClass{d}
	}
	switch name {
	case "UntypedStorage", "_UntypedStorage":
		return storageClass{dtypes["uint8"]}
	}
	return nil
}

// Call implements pickle.Host.
func (h *host) Call(callee pickle.Value, args []pickle.Value) (pickle.Value, error) {
	c, ok := callee.(*callable)
	if !ok {
		if _, known := callee.(storageClass); known {
			return nil, pickle.Unsupportedf("a storage made within the pickle")
		}
		return nil, fmt.Errorf("call of %s", pickle.Kind(callee))
	}
	return c.call(h, args)
}

// Build implements pickle.Host. What torch keeps in the state of a state dict, its _metadata, is not needed.
func (h *host) Build(object, state pickle.Value) error {
	switch object.(type) {
	case *pickle.Dict:
		return nil
	case *Tensor:
		if t, ok := state.(*pickle.Tuple); ok && len(t.Items) == 3 {
			return nil // requires_grad, volatile and hooks of torch before 0.4
		}
		return pickle.Unsupportedf("a tensor with a state of its own")
	}
	return pickle.Unsupportedf("a state for %s", pickle.Kind(object))
}

// Persistent implements pickle.Host: it answers references to storages.
func (h *host) Persistent(id pickle.Value) (pickle.Value, error) {
	t, ok := id.(*pickle.Tuple)
	if !ok || len(t.Items) == 0 {
		return nil, fmt.Errorf("a persistent id is %s and not a tuple", pickle.Kind(id))
	}
	switch kind := t.Items[0]; kind {
	case "storage":
	case "module":
		return nil, pickle.Unsupportedf("the source code of a module")
	default:
		return nil, errors.New("a persistent id of unknown type")
	}
	if len(t.Items) != 5 && len(t.Items) != 6 {
		return nil, fmt.Errorf("a persistent id of %d items", len(t.Items))
	}
	if len(t.Items) == 6 && t.Items[5] != (pickle.None{}) {
		return nil, pickle.Unsupportedf("a view of a storage, as torch before 0.4 wrote it")
	}
	if o, unknown := t.Items[1].(pickle.Opaque); unknown {
		return nil, pickle.Unsupportedf("a storage of class %s", pickle.Kind(o))
	}
	return h.storage(t.Items)
}

func (h *host) storage(id []pickle.Value) (pickle.Value, error) {
	class, classOK := id[1].(storageClass)
	key, keyOK := id[2].(string)
	count, countOK := id[4].(int64)
	if !classOK || !keyOK || !countOK || count < 0 {
		return nil, errors.New("a persistent id does not name a storage")
	}
	if key == "" || len(key) > 256 || strings.ContainsAny(key, `/\`) || key == ".." || key == "." {
		return nil, fmt.Errorf("storage key %.300q is no plain name", key)
	}
	size, ok := multiply(count, class.dtype.Size)
	if !ok {
		return nil, errors.New("the size of a storage overflows")
	}
	s := &Storage{Key: key, DType: class.dtype, Bytes: size}
	if h.place != nil {
		known, err := h.place(s)
		if err != nil {
			return nil, err
		}
		return known, nil
	}
	h.storages = append(h.storages, s)
	return s, nil
}

// names returns the globals seen, sorted.
func (h *host) names() []string {
	names := make([]string, 0, len(h.globals))
	for g := range h.globals {
		names = append(names, g.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// note takes the faults of a pickle into the findings.
func (h *host) note(what string, res *pickle.Result) {
	if res.Malformed != nil {
		h.found.add(Malformed, what+": "+res.Malformed.Error())
	}
	if res.Unsupported != nil {
		h.found.add(Unsupported, what+": "+res.Unsupported.Error())
	}
}
