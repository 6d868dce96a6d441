package expr

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// record is a named struct type of the language: the payload's objects, the facts, vars and steps.
type record struct {
	name   string
	fields map[string]*cel.Type
	order  []string // the fields as documented
	open   bool     // unknown fields are allowed and dynamic
}

// field is a name with its type.
type field struct {
	name string
	typ  *cel.Type
}

func newRecord(name string, fields ...field) *record {
	r := &record{name: name, fields: make(map[string]*cel.Type, len(fields))}
	for _, f := range fields {
		r.fields[f.name] = f.typ
		r.order = append(r.order, f.name)
	}
	return r
}

// object is a value of a record type. Its values are as decoded from JSON or YAML; they get their CEL types when read,
// and what is absent or null reads as the zero of its type.
type object struct {
	types  *typeTable
	typ    *record
	values map[string]any
}

var _ ref.Val = (*object)(nil)

// isSet tells whether the key is there and not null, also when it holds false, 0 or "".
func (o *object) isSet(name string) bool {
	v, ok := o.values[name]
	return ok && v != nil
}

// get reads a field. A dynamic field that is absent has no type to be zero in, so it is an error.
func (o *object) get(name string) (any, error) {
	t, declared := o.typ.fields[name]
	v, present := o.values[name]
	if !declared {
		if !present || v == nil {
			return nil, fmt.Errorf("there is no %q; test it with has() or read it as .?%s.orValue(...)", name, name)
		}
		t = cel.DynType
	}
	return o.types.value(t, v), nil
}

// Get implements traits.Indexer, for objects that are reached through a dynamic value.
func (o *object) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.NewErr("no such key: %v", index)
	}
	v, err := o.get(string(name))
	if err != nil {
		return types.WrapErr(err)
	}
	return o.types.NativeToValue(v)
}

// IsSet implements traits.FieldTester.
func (o *object) IsSet(field ref.Val) ref.Val {
	name, _ := field.(types.String)
	return types.Bool(o.isSet(string(name)))
}

// ConvertToNative implements ref.Val; an object is a Go map to those who convert it.
func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	switch {
	case t.Kind() == reflect.Map || t.Kind() == reflect.Interface:
		return o.values, nil
	case reflect.TypeOf(o).AssignableTo(t):
		return o, nil
	}
	return nil, fmt.Errorf("%s cannot become a %v", o.typ.name, t)
}

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	if t.TypeName() == o.typ.name {
		return o
	}
	return types.NewErr("%s cannot become a %s", o.typ.name, t.TypeName())
}

// Equal implements ref.Val: two objects are equal when all they hold is.
func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	return types.Bool(ok && p.typ.name == o.typ.name && reflect.DeepEqual(o.values, p.values))
}

// Size implements traits.Sizer.
func (o *object) Size() ref.Val { return types.Int(len(o.values)) }

// Type implements ref.Val.
func (o *object) Type() ref.Type {
	return types.NewObjectType(o.typ.name, traits.FieldTesterType, traits.IndexerType, traits.SizerType)
}

// Value implements ref.Val.
func (o *object) Value() any { return o }

// typeTable knows all record types of an environment. It is CEL's type provider and adapter.
type typeTable struct {
	*types.Registry
	records map[string]*record

	mu     sync.Mutex
	misses map[string]string // field -> the type that was asked for it and lacks it
}

func newTypeTable(base *typeTable, records ...*record) (*typeTable, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("make the type registry: %w", err)
	}
	t := &typeTable{Registry: registry, records: map[string]*record{}, misses: map[string]string{}}
	if base != nil {
		t.Registry = base.Registry
		for name, r := range base.records {
			t.records[name] = r
		}
	}
	for _, r := range records {
		t.records[r.name] = r
	}
	return t, nil
}

// FindStructType implements types.Provider.
func (t *typeTable) FindStructType(name string) (*types.Type, bool) {
	if _, ok := t.records[name]; ok {
		return types.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return t.Registry.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (t *typeTable) FindStructFieldNames(name string) ([]string, bool) {
	if r, ok := t.records[name]; ok {
		return r.order, true
	}
	return t.Registry.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider. A field that is missing is noted, so that the error can say which
// names there are.
func (t *typeTable) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	r, ok := t.records[name]
	if !ok {
		return t.Registry.FindStructFieldType(name, field)
	}
	typ, ok := r.fields[field]
	if !ok {
		if !r.open {
			t.mu.Lock()
			t.misses[field] = name
			t.mu.Unlock()
			return nil, false
		}
		typ = cel.DynType
	}
	return &types.FieldType{
		Type: typ,
		IsSet: func(target any) bool {
			o, ok := target.(*object)
			return ok && o.isSet(field)
		},
		GetFrom: func(target any) (any, error) {
			o, ok := target.(*object)
			if !ok {
				return nil, fmt.Errorf("%T has no field %q", target, field)
			}
			return o.get(field)
		},
	}, true
}

// NewValue implements types.Provider. Records come from outside; expressions do not make any.
func (t *typeTable) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := t.records[name]; ok {
		return types.NewErr("%s cannot be made by an expression", name)
	}
	return t.Registry.NewValue(name, fields)
}

// NativeToValue implements types.Adapter.
func (t *typeTable) NativeToValue(v any) ref.Val {
	if rv, ok := v.(ref.Val); ok {
		return rv
	}
	return t.Registry.NativeToValue(v)
}

// missed returns the type that was last found to lack a field.
func (t *typeTable) missed(field string) (*record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.records[t.misses[field]]
	return r, ok
}

// describe names a type in the words of the language.
func describe(t *cel.Type) string {
	switch t.Kind() {
	case types.DoubleKind:
		return "float"
	case types.DynKind, types.AnyKind:
		return "any value"
	case types.NullTypeKind:
		return "null"
	case types.ListKind:
		return "list"
	case types.MapKind:
		return "map"
	case types.StructKind:
		return strings.ToLower(t.TypeName())
	}
	return t.String()
}
