package expr

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// maxShown bounds the values that an explanation shows, in code points.
const maxShown = 120

// Conjunct is one of the conditions that && joins, with what became of it.
type Conjunct struct {
	Text   string // as written, in CEL's own layout
	Offset int    // of its first code point in the source
	OK     bool
	Known  bool   // false when it needs a fact that was not looked up
	Got    string // the values it looked at, or why there are none
}

// Trace evaluates a condition once more on the facts known so far and tells what each part of it came to. It looks
// nothing up.
func (p *Program) Trace(ctx context.Context, in *Input) ([]Conjunct, error) {
	if err := in.prepare(); err != nil {
		return nil, err
	}
	traced, err := p.traced()
	if err != nil {
		return nil, fmt.Errorf("prepare the explanation: %w", err)
	}
	vars, err := p.activation(in)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, evalTime)
	defer cancel()
	_, details, err := traced.ContextEval(ctx, vars)
	if details == nil {
		return nil, p.evalError(ctx, err)
	}
	state := details.State()
	var list []Conjunct
	for _, e := range conjuncts(p.ast.NativeRep().Expr()) {
		list = append(list, p.conjunct(e, state))
	}
	return list, nil
}

// conjuncts flattens nested &&.
func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []ast.Expr{e}
	}
	var list []ast.Expr
	for _, arg := range e.AsCall().Args() {
		list = append(list, conjuncts(arg)...)
	}
	return list
}

func (p *Program) conjunct(e ast.Expr, state interpreter.EvalState) Conjunct {
	info := p.ast.NativeRep().SourceInfo()
	written, err := cel.ExprToString(e, info)
	if err != nil {
		written = p.Source
	}
	c := Conjunct{Text: written, Offset: p.start(e)}
	v, _ := state.Value(e.ID())
	switch v := v.(type) {
	case types.Bool:
		c.Known, c.OK = true, bool(v)
		c.Got = strings.Join(p.values(e, state), ", ")
		if c.Got == "" {
			c.Got = fmt.Sprint(bool(v))
		}
	case *types.Unknown:
		c.Got = "not fetched: " + strings.Join(p.missing(v), ", ")
	case *types.Err:
		c.Known, c.Got = true, "error: "+v.String()
	default:
		c.Got = "not evaluated"
	}
	return c
}

// start is the offset of the first code point of an expression.
func (p *Program) start(e ast.Expr) int {
	info := p.ast.NativeRep().SourceInfo()
	first := -1
	walk(e, func(sub ast.Expr) {
		if r, ok := info.GetOffsetRange(sub.ID()); ok && (first < 0 || int(r.Start) < first) {
			first = int(r.Start)
		}
	})
	return wordStart([]rune(p.Source), max(first, 0))
}

// wordStart moves from the parenthesis of a call, where CEL puts it, to the function's name.
func wordStart(src []rune, at int) int {
	if at >= len(src) || src[at] != '(' {
		return at
	}
	for at > 0 && src[at-1] == ' ' {
		at--
	}
	for at > 0 && src[at-1] < 0x80 && isWord(byte(src[at-1])) {
		at--
	}
	return at
}

// values renders the attributes that a condition looks at, outside of loops: repo.private = false.
func (p *Program) values(e ast.Expr, state interpreter.EvalState) []string {
	var list []string
	var visit func(ast.Expr)
	visit = func(e ast.Expr) {
		if name := attribute(e); name != "" {
			if v, ok := state.Value(e.ID()); ok {
				if entry := name + " = " + show(v); !slices.Contains(list, entry) {
					list = append(list, entry)
				}
				return
			}
		}
		if e.Kind() == ast.ComprehensionKind {
			visit(e.AsComprehension().IterRange())
			return
		}
		for _, child := range children(e) {
			visit(child)
		}
	}
	visit(e)
	return list
}

// attribute writes a chain of names such as discussion.author.id, "" for anything else.
func attribute(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		if name := e.AsIdent(); !strings.HasPrefix(name, "@") {
			return name
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if base := attribute(s.Operand()); base != "" && !s.IsTestOnly() {
			return base + "." + s.FieldName()
		}
	}
	return ""
}

// show renders a value for people, cut to a bounded length.
func show(v ref.Val) string {
	var s string
	switch v := v.(type) {
	case types.String:
		s = fmt.Sprintf("%q", cut(string(v)))
	case *types.Unknown:
		s = "not fetched"
	case traits.Lister:
		s = showList(v)
	case *object:
		s = "{...}"
		if len(v.values) == 0 {
			s = "absent"
		}
	default:
		text, err := joinable(v)
		if err != nil {
			text = "a " + v.Type().TypeName()
		}
		s = text
	}
	return cut(s)
}

func showList(l traits.Lister) string {
	const most = 5
	var items []string
	n := 0
	for it := l.Iterator(); it.HasNext() == types.True; n++ {
		if item := it.Next(); n < most {
			items = append(items, show(item))
		}
	}
	if n > most {
		items = append(items, fmt.Sprintf("... %d in all", n))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func cut(s string) string {
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown]) + "..."
	}
	return s
}
