package actions

import (
	"fmt"
	"math"
	"reflect"
)

// encode turns an output struct into values that CEL and JSON know: string, bool, int64, float64, []any,
// map[string]any and nil. Lists and maps are never nil, so that rules may ask for their size.
func encode(out reflect.Value, fields []Field) (map[string]any, error) {
	values := make(map[string]any, len(fields))
	for i := range fields {
		f := &fields[i]
		v, err := encodeValue(out.FieldByIndex(f.index), f.kind)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", f.Name, err)
		}
		values[f.Name] = v
	}
	return values, nil
}

// encodeValue encodes one value of kind k.
func encodeValue(v reflect.Value, k *kind) (any, error) {
	switch k.name {
	case typeString:
		return v.String(), nil
	case typeBool:
		return v.Bool(), nil
	case typeInt:
		if v.CanUint() {
			if v.Uint() > math.MaxInt64 {
				return nil, fmt.Errorf("%d is too large", v.Uint())
			}
			return int64(v.Uint()), nil
		}
		return v.Int(), nil
	case typeList:
		return encodeList(v, k)
	case typeMap:
		return encodeMap(v, k)
	}
	// Floats and values of type any take the same way as inputs, which refuses what JSON cannot hold.
	d := decoder{action: "value"}
	var out any
	d.anything(reflect.ValueOf(&out).Elem(), reflect.ValueOf(v.Interface()), place{path: "it"})
	return out, d.err()
}

// encodeList encodes the elements of a list.
func encodeList(v reflect.Value, k *kind) (any, error) {
	list := make([]any, v.Len())
	for i := range list {
		elem, err := encodeValue(v.Index(i), k.elem)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		list[i] = elem
	}
	return list, nil
}

// encodeMap encodes the values of a map.
func encodeMap(v reflect.Value, k *kind) (any, error) {
	entries := make(map[string]any, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		elem, err := encodeValue(iter.Value(), k.elem)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", iter.Key(), err)
		}
		entries[iter.Key().String()] = elem
	}
	return entries, nil
}
