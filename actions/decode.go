package actions

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/internal/near"
)

// InputError is a wrong input. Input is its name, empty when the mistake concerns the inputs as a whole; Message stands
// on its own and names the action.
type InputError struct {
	Input   string
	Message string
}

// Error implements error.
func (e InputError) Error() string { return e.Message }

// decoder turns values from YAML and CEL into Go fields and gathers all mistakes.
type decoder struct {
	action    string
	checking  bool // templates are allowed and only their type is checked
	templates bool // at least one template was met
	errs      []InputError
}

// err joins the mistakes, or is nil.
func (d *decoder) err() error {
	if len(d.errs) == 0 {
		return nil
	}
	messages := make([]string, len(d.errs))
	for i, e := range d.errs {
		messages[i] = e.Message
	}
	return errors.New(strings.Join(messages, "; "))
}

// fail records a mistake in an input. The path leads into it, such as "files[2]".
func (d *decoder) fail(input, format string, args ...any) {
	d.errs = append(d.errs, InputError{Input: input, Message: d.action + ": " + fmt.Sprintf(format, args...)})
}

// inputs decodes with into dst, a struct with the given fields. Absent and null inputs take their default.
func (d *decoder) inputs(dst reflect.Value, fields []Field, with map[string]any) {
	names := make([]string, len(fields))
	for i := range fields {
		f := &fields[i]
		names[i] = f.Name
		value := with[f.Name]
		if value == nil {
			value = f.Default
		}
		if value == nil {
			if f.Required {
				d.fail(f.Name, "input %q is required: %s", f.Name, f.Doc)
			}
			continue
		}
		d.field(dst.FieldByIndex(f.index), f, value)
	}
	d.unknown(names, with)
	d.oneOf(fields, with)
}

// unknown records inputs that no field has.
func (d *decoder) unknown(names []string, with map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(with)) {
		if slices.Contains(names, name) {
			continue
		}
		hint := ""
		if best := near.Best(name, names); best != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", best)
		}
		d.errs = append(d.errs, InputError{Input: name, Message: fmt.Sprintf("%s has no input %q; inputs: %s%s",
			d.action, name, strings.Join(names, ", "), hint)})
	}
}

// oneOf records groups of which not exactly one input is given.
func (d *decoder) oneOf(fields []Field, with map[string]any) {
	given := map[string]int{}
	members := map[string][]string{}
	var groups []string
	for _, f := range fields {
		if f.OneOf == "" {
			continue
		}
		if members[f.OneOf] == nil {
			groups = append(groups, f.OneOf)
		}
		members[f.OneOf] = append(members[f.OneOf], f.Name)
		if with[f.Name] != nil {
			given[f.OneOf]++
		}
	}
	for _, g := range groups {
		if given[g] != 1 {
			d.fail("", "give exactly one of %s", strings.Join(members[g], " and "))
		}
	}
}

// field decodes one input.
func (d *decoder) field(dst reflect.Value, f *Field, value any) {
	d.value(dst, f.kind, value, place{input: f.Name, path: f.Name, enum: f.Enum})
}
