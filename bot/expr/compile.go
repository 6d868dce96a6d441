package expr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// interruptEvery is how many turns of a loop pass between two looks at the deadline.
const interruptEvery = 100

// kind is what an expression is for.
type kind int

const (
	forRule kind = iota // the if of a rule
	forStep             // the if of a step: always(), failure() and success() are allowed
	forKey              // once_per, and the key of debounce and rate_limit
	forInput
	forText // an input joined with text
)

// Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	Source string

	env    *Env
	ast    *cel.Ast
	run    cel.Program
	facts  []string // lazy facts it names and sha, cheapest first
	first  []string // those inside [...], which partial evaluation cannot be trusted with
	status bool     // it calls always(), failure() or success()
	loops  bool     // it goes through a list or map, so that its evaluation needs a deadline
	traced func() (cel.Program, error)
}

// Facts are the lazy facts that the expression names, cheapest first.
func (p *Program) Facts() []string {
	return slices.DeleteFunc(slices.Clone(p.facts), func(name string) bool { return name == FactSHA })
}

// NeedsFacts tells whether the expression names anything that is looked up.
func (p *Program) NeedsFacts() bool { return len(p.facts) > 0 }

// Condition compiles the if of a rule. The error is Issues.
func (e *Env) Condition(src string) (*Program, error) { return e.wrapped(src, forRule) }

// StepCondition compiles the if of a step. The error is Issues.
func (e *Env) StepCondition(src string) (*Program, error) { return e.wrapped(src, forStep) }

// Key compiles an expression whose value is used as a key. The error is Issues.
func (e *Env) Key(src string) (*Program, error) { return e.wrapped(src, forKey) }

// wrapped compiles an expression that may be written with or without ${{ }}.
func (e *Env) wrapped(src string, k kind) (*Program, error) {
	parts, err := scan(src)
	if err != nil {
		return nil, err
	}
	inner, at, whole := soleExpression(parts)
	switch {
	case whole:
		p, issues := e.compile(inner, k)
		return p, issues.shift(at).orNil()
	case slices.ContainsFunc(parts, func(p part) bool { return p.expr }):
		return nil, Issues{{Message: "put the whole expression inside one ${{ }}, or write it without"}}
	}
	p, issues := e.compile(src, k)
	return p, issues.orNil()
}

// orNil makes the empty list a nil error.
func (is Issues) orNil() error {
	if len(is) == 0 {
		return nil
	}
	return is
}

func (e *Env) compile(src string, k kind) (*Program, Issues) {
	if n := utf8.RuneCountInString(src); n > maxSource {
		return nil, Issues{{Message: fmt.Sprintf("the expression is %d characters long (limit %d)", n, maxSource)}}
	}
	if strings.TrimSpace(src) == "" {
		return nil, Issues{{Message: "the expression is empty"}}
	}
	checked, issues := e.check(src)
	if issues != nil {
		return nil, issues
	}
	p := &Program{Source: src, env: e, ast: checked}
	if issues := p.inspect(k); issues != nil {
		return nil, issues
	}
	if issue := resultIssue(checked.OutputType(), k); issue != nil {
		issue.Offset = utf8.RuneCountInString(src) - utf8.RuneCountInString(strings.TrimLeftFunc(src, unicode.IsSpace))
		return nil, Issues{*issue}
	}
	if issue := p.checkCost(); issue != nil {
		return nil, Issues{*issue}
	}
	var err error
	p.run, err = p.plan(cel.OptOptimize, cel.OptPartialEval)
	if err != nil {
		return nil, Issues{{Message: err.Error()}}
	}
	p.traced = sync.OnceValues(func() (cel.Program, error) {
		return p.plan(cel.OptExhaustiveEval, cel.OptPartialEval)
	})
	return p, nil
}

func (p *Program) plan(opts ...cel.EvalOption) (cel.Program, error) {
	return p.env.cel.Program(p.ast, cel.EvalOptions(opts...), cel.InterruptCheckFrequency(interruptEvery))
}

// check parses and type-checks. When there are mistakes it checks once more by itself, so that the fields then noted as
// missing are those of src.
func (e *Env) check(src string) (*cel.Ast, Issues) {
	parsed, issues := e.cel.Parse(src)
	if issues.Err() != nil {
		return nil, e.translate(src, issues)
	}
	e.mu.RLock()
	checked, issues := e.cel.Check(parsed)
	e.mu.RUnlock()
	if issues.Err() == nil {
		return checked, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	_, issues = e.cel.Check(parsed)
	return nil, e.translate(src, issues)
}

// inspect walks the expression for what the type checker does not know.
func (p *Program) inspect(k kind) Issues {
	rep := p.ast.NativeRep()
	var issues Issues
	report := func(e ast.Expr, format string, args ...any) {
		src := []rune(p.Source)
		at := offset(src, rep.SourceInfo().GetStartLocation(e.ID()))
		// The place of a macro such as always() is its parenthesis.
		issues = append(issues, Issue{Offset: wordStart(src, at), Message: fmt.Sprintf(format, args...)})
	}
	named := map[string]bool{}
	indexed := map[string]bool{}
	walk(rep.Expr(), func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			name := e.AsIdent()
			named[name] = true
			if name == varAlways || name == varFailure || name == varSuccess {
				p.status = true
				if k != forStep {
					report(e, "%s() exists only in the if of a step", name[1:])
				}
			}
		case ast.ComprehensionKind:
			p.loops = true
		case ast.CallKind:
			p.inspectCall(e, indexed, report)
		}
	})
	for _, name := range lazyNames {
		if named[name] {
			p.facts = append(p.facts, name)
		}
		if indexed[name] {
			p.first = append(p.first, name)
		}
	}
	return issues
}

func (p *Program) inspectCall(e ast.Expr, indexed map[string]bool, report func(ast.Expr, string, ...any)) {
	c := e.AsCall()
	switch c.FunctionName() {
	case operators.Equals, operators.NotEquals:
		for _, arg := range c.Args() {
			if arg.Kind() == ast.LiteralKind && arg.AsLiteral() == types.NullValue {
				src := []rune(p.Source)
				report(e, "%s", nullMessage(src, offset(src, p.ast.NativeRep().SourceInfo().GetStartLocation(e.ID()))))
			}
		}
	case operators.Index, operators.OptIndex:
		walk(c.Args()[1], func(e ast.Expr) {
			if e.Kind() == ast.IdentKind {
				indexed[e.AsIdent()] = true
			}
		})
	case "glob", "@has_tag":
		pattern := c.Args()[1]
		if pattern.Kind() == ast.LiteralKind {
			if s, ok := pattern.AsLiteral().(types.String); ok && !ValidGlob(string(s)) {
				report(pattern, "the pattern %q is malformed", string(s))
			}
		}
	case "matches", "timestamp", "duration":
		arg := c.Args()[len(c.Args())-1]
		if err := literalError(c.FunctionName(), arg); err != nil {
			report(arg, "%v", err)
		}
	}
}

// literalError says what is wrong with a constant that a function reads; CEL says so too, but not where.
func literalError(function string, arg ast.Expr) error {
	if arg.Kind() != ast.LiteralKind {
		return nil
	}
	s, ok := arg.AsLiteral().(types.String)
	if !ok {
		return nil
	}
	switch function {
	case "matches":
		_, err := regexp.Compile(string(s))
		return err
	case "timestamp":
		if types.IsError(s.ConvertToType(types.TimestampType)) {
			return fmt.Errorf("%q is no time such as 2026-01-31T12:00:00Z", string(s))
		}
	case "duration":
		if types.IsError(s.ConvertToType(types.DurationType)) {
			return fmt.Errorf("%q is no duration such as 90s or 1h30m", string(s))
		}
	}
	return nil
}

func walk(e ast.Expr, visit func(ast.Expr)) { ast.PreOrderVisit(e, ast.NewExprVisitor(visit)) }

// resultIssue says whether an expression of type t can be used for what it is for.
func resultIssue(t *cel.Type, k kind) *Issue {
	scalar := slices.Contains([]types.Kind{
		types.StringKind, types.IntKind, types.UintKind, types.DoubleKind, types.BoolKind, types.TimestampKind,
		types.DurationKind, types.DynKind,
	}, t.Kind())
	switch {
	case (k == forRule || k == forStep) && t.Kind() != types.BoolKind && t.Kind() != types.DynKind:
		return &Issue{Message: fmt.Sprintf("if must be bool, got %s", describe(t))}
	case k == forKey && !scalar:
		return &Issue{Message: fmt.Sprintf("a key must be text, a number or bool, got %s", describe(t))}
	case k == forText && t.Kind() == types.ListKind:
		return &Issue{Message: "a list cannot be joined with text; use .join(', ')"}
	case k == forText && !scalar:
		return &Issue{Message: fmt.Sprintf("a %s cannot be joined with text", describe(t))}
	}
	return nil
}
