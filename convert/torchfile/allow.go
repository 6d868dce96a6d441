package torchfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/convert/pickle"
)

// foreign are the kinds of arrays whose numbers are not taken, since they are inside the pickle or of no layout that
// safetensors has. They do no harm beside weights, but must not be missed among them.
var foreign = map[pickle.Value]bool{}

// Foreign reports whether a value stands for such an array.
func Foreign(v pickle.Value) bool {
	o, ok := v.(pickle.Opaque)
	return ok && foreign[o]
}

// allowed is the list of classes and functions that a checkpoint may name, beside torch's element types and storage
// classes. None of them is run: each entry says what becomes of a call. Those that carry no weights become opaque.
var allowed = map[string]*callable{}

func init() {
	allow(rebuildTensor(4, 0, 0), "torch._utils._rebuild_tensor")
	allow(rebuildTensor(6, 0, 6), "torch._utils._rebuild_tensor_v2")
	allow(rebuildTensor(7, 6, 7), "torch._utils._rebuild_tensor_v3")
	allow(first, "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
		"torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer")
	allow(fromCPU, "torch._utils._rebuild_device_tensor_from_cpu_tensor")
	allow(fromType, "torch._tensor._rebuild_from_type_v2")
	allow(unmade, "torch.Tensor", "torch.per_tensor_affine", "torch.per_tensor_symmetric", "torch.per_channel_affine",
		"torch.per_channel_symmetric", "torch.per_channel_affine_float_qparams")
	for _, module := range []string{"torch.", "torch.cuda.", "torch.sparse.", "torch.cuda.sparse."} {
		for _, kind := range strings.Fields("BFloat16 Bool Byte Char Double Float Half Int Long Short") {
			allow(unmade, module+kind+"Tensor")
		}
	}
	allow(sequence, "torch.Size", "builtins.tuple")
	allow(list, "builtins.list", "collections.deque")
	allow(collection, "builtins.set", "builtins.frozenset")
	allow(mapping, "collections.OrderedDict", "collections.Counter", "builtins.dict")
	allow(defaultMapping, "collections.defaultdict")
	for what, names := range map[string][]string{
		"a numpy array":      {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray"},
		"a quantized tensor": {"torch._utils._rebuild_qtensor"}, "a sparse tensor": {"torch._utils._rebuild_sparse_tensor"},
		"a tensor without numbers": {"torch._utils._rebuild_meta_tensor_no_storage"},
		"a nested tensor":          {"torch._utils._rebuild_nested_tensor"},
	} {
		foreign[pickle.Opaque{What: what}] = true
		allow(opaque(what), names...)
	}
	for _, name := range []string{
		"torch.device", "torch.memory_format", "torch.serialization._get_layout",
		"_codecs.encode", "builtins.bytearray", "builtins.bytes",
		"builtins.complex", "builtins.int", "builtins.float", "builtins.str", "builtins.bool", "builtins.slice",
		"builtins.range", "builtins.object", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
		"numpy.dtype", "datetime.datetime", "datetime.date", "datetime.timedelta", "datetime.timezone",
		"decimal.Decimal", "fractions.Fraction", "uuid.UUID", "pathlib.PosixPath", "pathlib.WindowsPath",
		"pathlib.PurePosixPath", "pathlib.PureWindowsPath",
	} {
		allow(opaque(name), name)
	}
}

func allow(call func(*host, []pickle.Value) (pickle.Value, error), names ...string) {
	for _, name := range names {
		allowed[name] = &callable{name: name, call: call}
	}
}

func opaque(what string) func(*host, []pickle.Value) (pickle.Value, error) {
	return func(*host, []pickle.Value) (pickle.Value, error) { return pickle.Opaque{What: what}, nil }
}

// unmade is for classes and constants that may be named and not called.
func unmade(*host, []pickle.Value) (pickle.Value, error) {
	return nil, pickle.Unsupportedf("a tensor made from nothing")
}

// members returns what iterating over the only argument of a call gives; no argument gives nothing.
func members(args []pickle.Value) ([]pickle.Value, error) {
	if len(args) == 0 {
		return nil, nil
	}
	switch v := args[0].(type) {
	case *pickle.Tuple:
		return v.Items, nil
	case *pickle.List:
		return v.Items, nil
	case *pickle.Set:
		return v.Items, nil
	case pickle.Opaque, pickle.None:
		return nil, nil
	}
	return nil, fmt.Errorf("a collection made of %s", pickle.Kind(args[0]))
}

// maxCopied bounds the members that calls of collection classes copy, all together: each call is a few bytes long and
// may name a collection of any size.
const maxCopied = 200_000

// copied returns the members of the argument in a slice of its own.
func (h *host) copied(args []pickle.Value) ([]pickle.Value, error) {
	items, err := members(args)
	if err != nil {
		return nil, err
	}
	return append([]pickle.Value(nil), items...), h.spend(len(items))
}

func (h *host) spend(members int) error {
	h.used += members
	if h.used > maxCopied {
		return errors.New("too many members in collections made from others")
	}
	return nil
}

func sequence(_ *host, args []pickle.Value) (pickle.Value, error) {
	items, err := members(args)
	return &pickle.Tuple{Items: items}, err
}

func list(h *host, args []pickle.Value) (pickle.Value, error) {
	items, err := h.copied(args)
	return &pickle.List{Items: items}, err
}

func collection(h *host, args []pickle.Value) (pickle.Value, error) {
	items, err := h.copied(args)
	return &pickle.Set{Items: items}, err
}

// mapping answers OrderedDict() and OrderedDict(pairs); Python 2 wrote the latter.
func mapping(h *host, args []pickle.Value) (pickle.Value, error) {
	out := &pickle.Dict{}
	if len(args) == 0 {
		return out, nil
	}
	if d, ok := args[0].(*pickle.Dict); ok {
		if err := h.spend(len(d.Entries)); err != nil {
			return nil, err
		}
		for _, e := range d.Entries {
			out.Set(e.Key, e.Value)
		}
		return out, nil
	}
	pairs, err := members(args)
	if err != nil {
		return nil, err
	}
	if err := h.spend(len(pairs)); err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		kv, err := members([]pickle.Value{pair})
		if err != nil || len(kv) != 2 {
			return nil, fmt.Errorf("a dict made of %s", pickle.Kind(pair))
		}
		out.Set(kv[0], kv[1])
	}
	return out, nil
}

func defaultMapping(h *host, args []pickle.Value) (pickle.Value, error) {
	return mapping(h, args[min(1, len(args)):])
}
