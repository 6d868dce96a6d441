package expr

import (
	"context"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// Template is a string with ${{ }} in it, compiled.
type Template struct {
	parts []templatePart
	whole bool // exactly one expression: its value keeps its type
}

type templatePart struct {
	literal string
	program *Program
}

// Template compiles a string. The error is Issues, with offsets into s.
func (e *Env) Template(s string) (*Template, error) {
	parts, err := scan(s)
	if err != nil {
		return nil, err
	}
	t := &Template{whole: len(parts) == 1 && parts[0].expr}
	use := forText
	if t.whole {
		use = forInput
	}
	var all Issues
	for _, p := range parts {
		if !p.expr {
			t.parts = append(t.parts, templatePart{literal: p.text})
			continue
		}
		program, issues := e.compile(p.text, use)
		all = append(all, issues.shift(p.at)...)
		t.parts = append(t.parts, templatePart{program: program})
	}
	return t, all.orNil()
}

// IsTemplate tells whether s holds an expression.
func IsTemplate(s string) bool { return strings.Contains(s, opening) }

// Type is the CEL type of what the template gives, such as string or list(string); dyn when only the run can tell.
func (t *Template) Type() string {
	if !t.whole {
		return cel.StringType.String()
	}
	return cel.FormatCELType(t.parts[0].program.ast.OutputType())
}

// Programs are the expressions of the template.
func (t *Template) Programs() []*Program {
	var list []*Program
	for _, p := range t.parts {
		if p.program != nil {
			list = append(list, p.program)
		}
	}
	return list
}

// Eval expands the template: the value of its one expression, or its parts joined as text.
func (t *Template) Eval(ctx context.Context, in *Input) (any, error) {
	if t.whole {
		v, err := t.parts[0].program.eval(ctx, in)
		if err != nil {
			return nil, err
		}
		return native(v)
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.literal)
			continue
		}
		s, err := p.program.Text(ctx, in)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// Text expands the template to text.
func (t *Template) Text(ctx context.Context, in *Input) (string, error) {
	if t.whole {
		return t.parts[0].program.Text(ctx, in)
	}
	v, err := t.Eval(ctx, in)
	s, _ := v.(string)
	return s, err
}

// Known expands the template when it needs neither a look-up nor the result of a step.
func (t *Template) Known(ctx context.Context, in *Input) (any, bool) {
	for _, p := range t.Programs() {
		if slices.Contains(p.Names(), "steps") {
			return nil, false
		}
		if _, missing, err := p.try(ctx, in); err != nil || len(missing) > 0 {
			return nil, false
		}
	}
	v, err := t.Eval(ctx, in)
	return v, err == nil
}
