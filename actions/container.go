package actions

import (
	"math"
	"reflect"
	"time"
)

// list decodes a list.
func (d *decoder) list(dst reflect.Value, k *kind, rv reflect.Value, at place) {
	if rv.Kind() != reflect.Slice && rv.Kind() != reflect.Array {
		d.mismatch(k, valueOf(rv), at)
		return
	}
	out := reflect.MakeSlice(dst.Type(), rv.Len(), rv.Len())
	for i := range rv.Len() {
		d.value(out.Index(i), k.elem, rv.Index(i).Interface(), at.at("[%d]", i))
	}
	dst.Set(out)
}

// mapping decodes a map with string keys.
func (d *decoder) mapping(dst reflect.Value, k *kind, rv reflect.Value, at place) {
	if rv.Kind() != reflect.Map || !stringKeys(rv) {
		d.mismatch(k, valueOf(rv), at)
		return
	}
	out := reflect.MakeMapWithSize(dst.Type(), rv.Len())
	for iter := rv.MapRange(); iter.Next(); {
		key := keyText(iter.Key())
		elem := reflect.New(dst.Type().Elem()).Elem()
		d.value(elem, k.elem, iter.Value().Interface(), at.at(".%s", key))
		out.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), elem)
	}
	dst.Set(out)
}

// anything decodes a value of no fixed type into what JSON can hold: nil, string, bool, int64, float64, []any and
// map[string]any. Durations and times become text.
func (d *decoder) anything(dst, rv reflect.Value, at place) {
	var out any
	switch {
	case !rv.IsValid():
	case rv.Type() == durationType:
		out = rv.Interface().(time.Duration).String()
	case rv.Type() == reflect.TypeFor[time.Time]():
		out = rv.Interface().(time.Time).Format(time.RFC3339Nano)
	case rv.Kind() == reflect.String && rv.Type() != secretType:
		out = rv.String()
	case rv.Kind() == reflect.Bool:
		out = rv.Bool()
	case rv.CanInt(), rv.CanUint() && rv.Uint() <= math.MaxInt64:
		out = rv.Convert(reflect.TypeFor[int64]()).Interface()
	case rv.CanFloat() && !math.IsNaN(rv.Float()) && !math.IsInf(rv.Float(), 0):
		out = rv.Float()
	case rv.Kind() == reflect.Slice || rv.Kind() == reflect.Array:
		list := []any{}
		d.list(reflect.ValueOf(&list).Elem(), listOfAny, rv, at)
		out = list
	case rv.Kind() == reflect.Map && stringKeys(rv):
		entries := map[string]any{}
		d.mapping(reflect.ValueOf(&entries).Elem(), mapOfAny, rv, at)
		out = entries
	default:
		d.fail(at.input, "%s: %s cannot be written as JSON", at.path, describe(rv.Interface()))
		return
	}
	if out != nil {
		dst.Set(reflect.ValueOf(out))
	}
}

// The kinds of containers inside a value of type any.
var (
	listOfAny = &kind{name: typeList, elem: &kind{name: typeAny}}
	mapOfAny  = &kind{name: typeMap, elem: &kind{name: typeAny}}
)

// stringKeys tells whether all keys of a map are strings. YAML also knows maps keyed by any.
func stringKeys(m reflect.Value) bool {
	if m.Type().Key().Kind() == reflect.String {
		return true
	}
	for iter := m.MapRange(); iter.Next(); {
		if iter.Key().Kind() != reflect.Interface || iter.Key().Elem().Kind() != reflect.String {
			return false
		}
	}
	return true
}

// keyText is the text of a key that stringKeys accepted.
func keyText(key reflect.Value) string {
	if key.Kind() == reflect.Interface {
		key = key.Elem()
	}
	return key.String()
}
