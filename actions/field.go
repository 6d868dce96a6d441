package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Field is an input or output. Type is one of string, int, float, bool, duration, list, map, any; an output is never a
// duration.
type Field struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Elem     string   `json:"elem,omitempty"` // type of a list's elements or a map's values
	Required bool     `json:"required"`
	Default  any      `json:"default"` // nil when there is none
	Enum     []string `json:"enum,omitempty"`
	OneOf    string   `json:"one_of,omitempty"` // exactly one input of this group must be given
	Doc      string   `json:"doc"`

	kind  *kind
	index []int // of the field in the struct
}

var fieldName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// fieldsOf describes the exported fields of a struct type, those of embedded structs included, in their order.
func fieldsOf(t reflect.Type) ([]Field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	var fields []Field
	for _, sf := range reflect.VisibleFields(t) {
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			continue // its fields follow
		}
		f, err := fieldOf(sf)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", sf.Name, t, err)
		}
		if slices.ContainsFunc(fields, func(g Field) bool { return g.Name == f.Name }) {
			return nil, fmt.Errorf("field %s of %s: a second %q", sf.Name, t, f.Name)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// fieldOf describes one field from its type and tags.
func fieldOf(sf reflect.StructField) (Field, error) {
	if !sf.IsExported() {
		return Field{}, errors.New("not exported")
	}
	k, err := kindOf(sf.Type)
	if err != nil {
		return Field{}, err
	}
	f := Field{
		Name:  sf.Tag.Get("json"),
		Type:  k.name,
		Elem:  k.elemName(),
		OneOf: sf.Tag.Get("oneof"),
		Doc:   sf.Tag.Get("doc"),
		kind:  k,
		index: sf.Index,
	}
	if !fieldName.MatchString(f.Name) {
		return f, fmt.Errorf("json name %q must match %s", f.Name, fieldName)
	}
	if f.Doc == "" {
		return f, errors.New("no doc tag")
	}
	if enum := sf.Tag.Get("enum"); enum != "" {
		f.Enum = strings.Split(enum, ",")
		if f.Type != typeString && f.Elem != typeString {
			return f, fmt.Errorf("enum on %s", k)
		}
	}
	err = f.parsePresence(sf)
	return f, err
}

// parsePresence reads the tags required and default.
func (f *Field) parsePresence(sf reflect.StructField) error {
	switch required := sf.Tag.Get("required"); required {
	case "":
	case "true":
		f.Required = true
	default:
		return fmt.Errorf("required:%q, want \"true\"", required)
	}
	text, ok := sf.Tag.Lookup("default")
	if !ok {
		return nil
	}
	if f.Required || f.OneOf != "" {
		return errors.New("a default on an input that must be given")
	}
	f.Default = text
	if f.Type != typeString && f.Type != typeDuration {
		if err := json.Unmarshal([]byte(text), &f.Default); err != nil {
			return fmt.Errorf("default %q: %w", text, err)
		}
	}
	d := decoder{action: "default"}
	d.field(reflect.New(sf.Type).Elem(), f, f.Default)
	return d.err()
}
