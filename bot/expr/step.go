package expr

import (
	"context"
	"fmt"
	"strings"
)

// If evaluates a step's condition; "" is success(). Without always(), failure() or success() it means
// success() && (...).
func (e *Env) If(ctx context.Context, src string, in *Input) (bool, error) {
	success := !in.Failed && !in.Cancelled
	if strings.TrimSpace(src) == "" {
		return success, nil
	}
	p, err := e.StepCondition(src)
	if err != nil {
		return false, fmt.Errorf("if: %w", err)
	}
	if !p.status && !success {
		return false, nil
	}
	ok, err := p.Bool(ctx, in)
	if err != nil {
		return false, fmt.Errorf("if: %w", err)
	}
	return ok, nil
}

// With expands all templates in a step's inputs; keys stay as they are.
func (e *Env) With(ctx context.Context, with map[string]any, in *Input) (map[string]any, error) {
	out := make(map[string]any, len(with))
	for name, v := range with {
		expanded, err := e.expand(ctx, v, in)
		if err != nil {
			return nil, fmt.Errorf("with.%s: %w", name, err)
		}
		out[name] = expanded
	}
	return out, nil
}

func (e *Env) expand(ctx context.Context, v any, in *Input) (any, error) {
	switch v := v.(type) {
	case string:
		if !IsTemplate(v) {
			return v, nil
		}
		t, err := e.Template(v)
		if err != nil {
			return nil, err
		}
		return t.Eval(ctx, in)
	case []any:
		list := make([]any, len(v))
		for i, elem := range v {
			var err error
			if list[i], err = e.expand(ctx, elem, in); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	case map[string]any:
		return e.With(ctx, v, in)
	}
	return v, nil
}
