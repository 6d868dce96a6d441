package actions

import (
	"slices"
	"strings"
)

// Template stands for a value that is known only when the step runs. Type is its CEL type, such as "string",
// "list(string)" or "dyn"; empty when it is not known.
type Template struct{ Type string }

// accepted lists, for each kind, the CEL types that may turn out to be a fitting value. Types that are not in
// celTypes are not judged before the step runs.
var accepted = map[string][]string{
	typeString:   {"string"},
	typeInt:      {"int", "uint", "double"},
	typeFloat:    {"int", "uint", "double"},
	typeBool:     {"bool"},
	typeDuration: {"google.protobuf.Duration", "duration", "string"},
	typeList:     {"list"},
	typeMap:      {"map"},
}

// celTypes are the CEL types whose values are known to fit only where accepted says so.
var celTypes = []string{
	"string", "int", "uint", "double", "bool", "bytes", "list", "map",
	"duration", "google.protobuf.Duration", "timestamp", "google.protobuf.Timestamp",
}

// template checks the type of a template against the kind it will be decoded to.
func (d *decoder) template(k *kind, t Template, at place) {
	if !d.checking {
		d.fail(at.input, "%s is a template that was not expanded", at.path)
		return
	}
	d.templates = true
	if !fits(k, t.Type) {
		d.fail(at.input, "%s must be %s, got %s", at.path, k, t.Type)
	}
}

// fits tells whether a value of a CEL type may be one of kind k.
func fits(k *kind, celType string) bool {
	base, params, _ := strings.Cut(strings.TrimSuffix(celType, ")"), "(")
	if k.name == typeAny || !slices.Contains(celTypes, base) {
		return true
	}
	if !slices.Contains(accepted[k.name], base) {
		return false
	}
	if k.elem == nil || params == "" {
		return true
	}
	if k.name == typeMap {
		_, params, _ = strings.Cut(params, ", ")
	}
	return fits(k.elem, params)
}
