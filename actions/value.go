package actions

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	// maxDepth bounds how deep a list, map or value of type any may nest.
	maxDepth = 32
	// maxExactFloat bounds the floats that are taken for integers: beyond it a float64 skips integers.
	maxExactFloat = 1 << 53
	// maxShown bounds how much of a wrong value an error repeats, in bytes.
	maxShown = 40
)

// place is where in the inputs a value stands.
type place struct {
	input string   // the input's name
	path  string   // the way into it, such as "files[2]"
	enum  []string // the only strings allowed, if any
	depth int
}

// at is the place of an element.
func (p place) at(format string, args ...any) place {
	p.path += fmt.Sprintf(format, args...)
	p.depth++
	return p
}

// value decodes src into dst, which has kind k.
func (d *decoder) value(dst reflect.Value, k *kind, src any, at place) {
	if t, ok := src.(Template); ok {
		d.template(k, t, at)
		return
	}
	if at.depth > maxDepth {
		d.fail(at.input, "%s is nested deeper than %d levels", at.input, maxDepth)
		return
	}
	rv := reflect.ValueOf(src)
	switch k.name {
	case typeString:
		d.text(dst, rv, at)
	case typeBool:
		if rv.Kind() != reflect.Bool {
			d.mismatch(k, src, at)
			return
		}
		dst.SetBool(rv.Bool())
	case typeInt:
		d.integer(dst, k, rv, at)
	case typeFloat:
		d.float(dst, k, rv, at)
	case typeDuration:
		d.duration(dst, k, rv, at)
	case typeList:
		d.list(dst, k, rv, at)
	case typeMap:
		d.mapping(dst, k, rv, at)
	default:
		d.anything(dst, rv, at)
	}
}

// mismatch records a value of the wrong type.
func (d *decoder) mismatch(k *kind, src any, at place) {
	hint := ""
	if k.name == typeString {
		switch reflect.ValueOf(src).Kind() {
		case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
			hint = " (put it in quotes)"
		}
	}
	d.fail(at.input, "%s must be %s, got %s%s", at.path, k, describe(src), hint)
}

// describe names a value's type as rules know it, with the value when it is a short scalar.
func describe(src any) string {
	if src == nil {
		return "null"
	}
	rv := reflect.ValueOf(src)
	if d, ok := src.(time.Duration); ok {
		return "duration " + d.String()
	}
	switch rv.Kind() {
	case reflect.String:
		if text := rv.String(); rv.Type() != secretType && len(text) <= maxShown {
			return fmt.Sprintf("string %q", text)
		}
		return "string"
	case reflect.Bool:
		return fmt.Sprintf("bool %v", src)
	case reflect.Slice, reflect.Array:
		return typeList
	case reflect.Map:
		return typeMap
	case reflect.Float32, reflect.Float64:
		return fmt.Sprintf("float %v", src)
	}
	if rv.CanInt() || rv.CanUint() {
		return fmt.Sprintf("int %v", src)
	}
	return rv.Type().String()
}

// text decodes a string and holds it against the enum.
func (d *decoder) text(dst, rv reflect.Value, at place) {
	if rv.Kind() != reflect.String || rv.Type() == secretType {
		d.mismatch(&kind{name: typeString}, valueOf(rv), at)
		return
	}
	if len(at.enum) > 0 && !slices.Contains(at.enum, rv.String()) {
		d.fail(at.input, "%s must be one of %s, got %s", at.path, strings.Join(at.enum, ", "), describe(rv.String()))
		return
	}
	dst.SetString(rv.String())
}

// integer decodes a whole number, also one that arithmetic or JSON has made a float.
func (d *decoder) integer(dst reflect.Value, k *kind, rv reflect.Value, at place) {
	var n int64
	switch {
	case rv.IsValid() && rv.Type() == durationType:
		d.mismatch(k, valueOf(rv), at)
		return
	case rv.CanInt():
		n = rv.Int()
	case rv.CanUint() && rv.Uint() <= math.MaxInt64:
		n = int64(rv.Uint())
	case rv.CanFloat() && rv.Float() == math.Trunc(rv.Float()) && math.Abs(rv.Float()) <= maxExactFloat:
		n = int64(rv.Float())
	case rv.CanUint():
		d.fail(at.input, "%s: %d is too large", at.path, rv.Uint())
		return
	default:
		d.mismatch(k, valueOf(rv), at)
		return
	}
	switch {
	case dst.CanInt() && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.CanUint() && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	default:
		d.fail(at.input, "%s: %d is out of range", at.path, n)
	}
}

// float decodes a finite number; what is not finite cannot be stored as JSON.
func (d *decoder) float(dst reflect.Value, k *kind, rv reflect.Value, at place) {
	var f float64
	switch {
	case rv.CanFloat():
		f = rv.Float()
	case rv.IsValid() && rv.Type() == durationType:
		d.mismatch(k, valueOf(rv), at)
		return
	case rv.CanInt():
		f = float64(rv.Int())
	case rv.CanUint():
		f = float64(rv.Uint())
	default:
		d.mismatch(k, valueOf(rv), at)
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || dst.OverflowFloat(f) {
		d.fail(at.input, "%s: %v is not a finite number in range", at.path, f)
		return
	}
	dst.SetFloat(f)
}

// duration decodes a CEL duration or text such as "90s".
func (d *decoder) duration(dst reflect.Value, k *kind, rv reflect.Value, at place) {
	switch {
	case rv.IsValid() && rv.Type() == durationType:
		dst.SetInt(rv.Int())
	case rv.Kind() == reflect.String && rv.Type() != secretType:
		v, err := time.ParseDuration(rv.String())
		if err != nil {
			d.fail(at.input, `%s must be a duration such as "90s" or "1h30m", got %s`, at.path, describe(rv.String()))
			return
		}
		dst.SetInt(int64(v))
	default:
		d.mismatch(k, valueOf(rv), at)
	}
}

// valueOf is the value in rv, nil when there is none.
func valueOf(rv reflect.Value) any {
	if !rv.IsValid() {
		return nil
	}
	return rv.Interface()
}
