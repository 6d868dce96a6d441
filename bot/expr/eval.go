package expr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// evalTime bounds one evaluation; fetching facts is not counted.
const evalTime = 2 * time.Second

// EvalError is an expression that failed while it was evaluated. Trying again does not help.
type EvalError struct {
	Source  string
	Offset  int // in code points
	Message string
}

func (e *EvalError) Error() string { return e.Message }

// Bool evaluates a condition, fetching the facts it needs.
func (p *Program) Bool(ctx context.Context, in *Input) (bool, error) {
	v, err := p.eval(ctx, in)
	if err != nil {
		return false, err
	}
	return p.asBool(v)
}

func (p *Program) asBool(v ref.Val) (bool, error) {
	b, ok := v.(types.Bool)
	if !ok {
		return false, &EvalError{Source: p.Source, Message: "if must be bool, got " + v.Type().TypeName()}
	}
	return bool(b), nil
}

// Text evaluates a key.
func (p *Program) Text(ctx context.Context, in *Input) (string, error) {
	v, err := p.eval(ctx, in)
	if err != nil {
		return "", err
	}
	s, err := joinable(v)
	if err != nil {
		return "", &EvalError{Source: p.Source, Message: err.Error()}
	}
	return s, nil
}

// TryBool evaluates a condition with the facts known so far. When they do not decide it, missing names facts that may.
func (p *Program) TryBool(ctx context.Context, in *Input) (result bool, missing []string, err error) {
	v, missing, err := p.try(ctx, in)
	if err != nil || len(missing) > 0 {
		return false, missing, err
	}
	result, err = p.asBool(v)
	return result, nil, err
}

// eval fetches the cheapest fact that the outcome still depends on, until it does not depend on any.
func (p *Program) eval(ctx context.Context, in *Input) (ref.Val, error) {
	for {
		v, missing, err := p.try(ctx, in)
		if err != nil || len(missing) == 0 {
			return v, err
		}
		if err := in.Fetch(ctx, missing[0]); err != nil {
			return nil, err
		}
	}
}

// try evaluates with the unknown facts marked so.
func (p *Program) try(ctx context.Context, in *Input) (ref.Val, []string, error) {
	if err := in.prepare(); err != nil {
		return nil, nil, err
	}
	if missing := in.unknown(p.first); len(missing) > 0 {
		return nil, missing[:1], nil
	}
	vars, err := p.activation(in)
	if err != nil {
		return nil, nil, err
	}
	v, err := p.bounded(ctx, vars)
	if err != nil {
		return nil, nil, err
	}
	if unknown, ok := v.(*types.Unknown); ok {
		return nil, p.missing(unknown), nil
	}
	return v, nil, nil
}

// bounded evaluates under a deadline. What has no loop in it ends by itself, and a timer would cost as much as all the
// rest of a simple condition.
func (p *Program) bounded(ctx context.Context, vars cel.Activation) (v ref.Val, err error) {
	if !p.loops {
		v, _, err = p.run.Eval(vars)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, evalTime)
		defer cancel()
		v, _, err = p.run.ContextEval(ctx, vars)
	}
	if err != nil {
		return nil, p.evalError(ctx, err)
	}
	return v, nil
}

// unknown filters the facts that are not known.
func (in *Input) unknown(names []string) []string {
	var list []string
	for _, name := range names {
		_, known := in.scope.facts[name]
		if name == FactSHA {
			known = !in.lazySHA()
		}
		if !known {
			list = append(list, name)
		}
	}
	return list
}

func (p *Program) activation(in *Input) (cel.Activation, error) {
	vars := &activation{in: in, env: p.env}
	unknown := in.unknown(p.facts)
	if len(unknown) == 0 {
		return vars, nil
	}
	patterns := make([]*cel.AttributePatternType, len(unknown))
	for i, name := range unknown {
		patterns[i] = cel.AttributePattern(name)
	}
	partial, err := cel.PartialVars(vars, patterns...)
	if err != nil {
		return nil, fmt.Errorf("mark unknown facts: %w", err)
	}
	return partial, nil
}

// missing lists the facts that an outcome depends on, cheapest first.
func (p *Program) missing(u *types.Unknown) []string {
	var names []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, trail := range trails {
			names = append(names, trail.Variable())
		}
	}
	return Cheapest(names)
}

// Cheapest sorts names of facts by their cost, each once.
func Cheapest(names []string) []string {
	var list []string
	for _, name := range lazyNames {
		if slices.Contains(names, name) {
			list = append(list, name)
		}
	}
	return list
}

// lazyNames are all that may be looked up, cheapest first.
var lazyNames = slices.Insert(slices.Clone(FactNames), 1, FactSHA)

// evalError gives a run-time error its place.
func (p *Program) evalError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("evaluate %q: %w", p.Source, context.Cause(ctx))
	}
	failure := &EvalError{Source: p.Source, Message: err.Error()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failure.Message = fmt.Sprintf("the expression took longer than %v", evalTime)
	}
	var val *types.Err
	if errors.As(err, &val) {
		loc := p.ast.NativeRep().SourceInfo().GetStartLocation(val.NodeID())
		failure.Offset = offset([]rune(p.Source), loc)
	}
	return failure
}
