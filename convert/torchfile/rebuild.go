package torchfile

import (
	"errors"
	"fmt"

	"github.com/hfbot/hfbot/convert/pickle"
)

// rebuildTensor answers torch._utils._rebuild_tensor, _v2 and _v3, whose arguments begin alike: storage, offset, size,
// stride. The number of arguments tells them apart in torch as well; typeAt and metadataAt are positions of further
// arguments, or 0.
func rebuildTensor(least, typeAt, metadataAt int) func(*host, []pickle.Value) (pickle.Value, error) {
	return func(h *host, args []pickle.Value) (pickle.Value, error) {
		if len(args) < least || len(args) > max(least, metadataAt+1) {
			return nil, fmt.Errorf("a tensor of %d arguments", len(args))
		}
		for _, arg := range args[:4] {
			if _, unknown := arg.(pickle.Opaque); unknown {
				return nil, pickle.Unsupportedf("a tensor made of %s", pickle.Kind(arg))
			}
		}
		storage, ok := args[0].(*Storage)
		offset, offsetOK := args[1].(int64)
		shape, shapeErr := h.integers(args[2])
		stride, strideErr := h.integers(args[3])
		if err := errors.Join(shapeErr, strideErr); err != nil || !ok || !offsetOK {
			return nil, errors.New("the arguments of a tensor have the wrong types")
		}
		t := &Tensor{Storage: storage, DType: storage.DType, Offset: offset, Shape: shape, Stride: stride}
		if typeAt > 0 {
			if t.DType, ok = args[typeAt].(*DType); !ok {
				return nil, pickle.Unsupportedf("a tensor of type %s", pickle.Kind(args[typeAt]))
			}
		}
		if err := t.check(); err != nil {
			return nil, err
		}
		if metadataAt > 0 && metadataAt < len(args) {
			return t, t.flags(args[metadataAt])
		}
		return t, nil
	}
}

// maxShapes bounds the shapes that are kept to be used again.
const maxShapes = 4096

// integers returns a shape or a stride. The pickle machine makes equal tuples once, and so they have one slice here.
func (h *host) integers(v pickle.Value) ([]int64, error) {
	t, ok := v.(*pickle.Tuple)
	if known, found := h.shapes[t]; ok && found {
		return known, nil
	}
	out, err := integers(v)
	if ok && err == nil && len(h.shapes) < maxShapes {
		h.shapes[t] = out
	}
	return out, err
}

func integers(v pickle.Value) ([]int64, error) {
	var items []pickle.Value
	switch v := v.(type) {
	case *pickle.Tuple:
		items = v.Items
	case *pickle.List:
		items = v.Items
	default:
		return nil, errors.New("no sequence")
	}
	if len(items) > maxDims {
		return nil, errors.New("too many dimensions")
	}
	out := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok {
			return nil, errors.New("no integer")
		}
		out[i] = n
	}
	return out, nil
}

// flags takes a tensor's metadata: torch writes {"conj": True} for a tensor whose stored numbers are the conjugates of its
// own, and {"neg": True} where their signs are the other way round.
func (t *Tensor) flags(metadata pickle.Value) error {
	switch m := metadata.(type) {
	case pickle.None:
		return nil
	case *pickle.Dict:
		for _, e := range m.Entries {
			set, ok := e.Value.(bool)
			switch {
			case ok && !set:
			case ok && e.Key == "conj" && t.DType.Complex():
				t.Conjugated = true
			case ok && e.Key == "neg" && (t.DType.Complex() || t.DType.Float()):
				t.Negated = true
			default:
				return pickle.Unsupportedf("a tensor with metadata of a kind not known")
			}
		}
		return nil
	}
	return pickle.Unsupportedf("a tensor with metadata of a kind not known")
}

// first answers calls that wrap their first argument and leave its data as they are, such as Parameter(tensor).
func first(_ *host, args []pickle.Value) (pickle.Value, error) {
	if len(args) == 0 {
		return nil, errors.New("a parameter without its tensor")
	}
	switch v := args[0].(type) {
	case *Tensor, pickle.Opaque:
		return v, nil
	}
	return nil, fmt.Errorf("a parameter of %s", pickle.Kind(args[0]))
}

// fromCPU answers _rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad).
func fromCPU(h *host, args []pickle.Value) (pickle.Value, error) {
	v, err := first(h, args)
	if t, ok := v.(*Tensor); ok && (len(args) < 2 || args[1] != pickle.Value(t.DType)) {
		return nil, pickle.Unsupportedf("a tensor that changes its type when loaded")
	}
	return v, err
}

// fromType answers _rebuild_from_type_v2(function, class, arguments, state), which torch writes for tensors that have
// attributes of their own.
func fromType(h *host, args []pickle.Value) (pickle.Value, error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("_rebuild_from_type_v2 with %d arguments", len(args))
	}
	function, functionOK := args[0].(*callable)
	class, classOK := args[1].(*callable)
	inner, innerOK := args[2].(*pickle.Tuple)
	if !functionOK || !classOK || !innerOK {
		return nil, pickle.Unsupportedf("a tensor rebuilt by %s", pickle.Kind(args[0]))
	}
	switch class.name {
	case "torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer":
	default:
		return nil, pickle.Unsupportedf("a tensor of class %s", class.name)
	}
	switch function.name {
	case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter":
		return function.call(h, inner.Items)
	}
	return nil, pickle.Unsupportedf("a tensor rebuilt by %s", function.name)
}
