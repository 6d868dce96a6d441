package actions

import (
	"fmt"
	"reflect"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// The types that inputs and outputs have, as people read them.
const (
	typeString   = "string"
	typeInt      = "int"
	typeFloat    = "float"
	typeBool     = "bool"
	typeDuration = "duration" // inputs only
	typeList     = "list"
	typeMap      = "map" // keys are strings
	typeAny      = "any"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[hub.Secret]()
)

// kind is the type of an input or output; elem is that of a list's elements or a map's values.
type kind struct {
	name string
	elem *kind
}

// elemName is the name of the element type, or "".
func (k *kind) elemName() string {
	if k.elem == nil {
		return ""
	}
	return k.elem.name
}

// String is how errors name the type: "list of string".
func (k *kind) String() string {
	if k.elem == nil || k.elem.name == typeAny {
		return k.name
	}
	return k.name + " of " + k.elem.String()
}

// kindOf finds the kind of a Go type, or says why it cannot be an input or output.
func kindOf(t reflect.Type) (*kind, error) {
	switch t {
	case durationType:
		return &kind{name: typeDuration}, nil
	case secretType:
		return nil, fmt.Errorf("a secret is named in Spec.Secrets and read with Runtime.Secret")
	}
	switch t.Kind() {
	case reflect.String:
		return &kind{name: typeString}, nil
	case reflect.Bool:
		return &kind{name: typeBool}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &kind{name: typeInt}, nil
	case reflect.Float32, reflect.Float64:
		return &kind{name: typeFloat}, nil
	case reflect.Slice:
		return containerOf(typeList, t.Elem())
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("a map needs string keys, not %s", t.Key())
		}
		return containerOf(typeMap, t.Elem())
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return &kind{name: typeAny}, nil
		}
	}
	return nil, fmt.Errorf("type %s is not supported", t)
}

// containerOf is the kind of a list or map with elements of a Go type.
func containerOf(name string, elem reflect.Type) (*kind, error) {
	k, err := kindOf(elem)
	if err != nil {
		return nil, err
	}
	return &kind{name: name, elem: k}, nil
}
