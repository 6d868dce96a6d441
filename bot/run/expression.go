package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/store"
)

// keep remembers the end of a step for those after it.
func (x *execution) keep(i int, r store.StepResult) {
	step, plan := &x.run.Steps[i], &x.run.Plan.Steps[i]
	result := expr.StepResult{
		OK: r.State == store.Succeeded, State: string(r.State), Error: r.Error, Outputs: r.Outputs,
	}
	if entry, ok := x.engine.opts.Actions.Get(step.Uses); ok && !result.OK {
		result.Outputs = entry.Zero()
	}
	x.results[step.ID] = result
	if r.State == store.RunFailed && !plan.ContinueOnError && x.failure == "" {
		name := step.ID
		if strings.HasPrefix(name, "#") { // it has no name of its own
			name += " (" + step.Uses + ")"
		}
		x.failure = fmt.Sprintf("step %s: %s", name, r.Error)
	}
}

// due evaluates a step's condition.
func (x *execution) due(ctx context.Context, i int) (bool, error) {
	src := x.run.Plan.Steps[i].If
	if src == "" { // success(), as most steps have it, needs no expression
		return x.failure == "" && !x.cancelled, nil
	}
	env, err := x.env(i)
	if err != nil {
		return false, err
	}
	return env.If(ctx, src, x.input())
}

// inputs expands a step's inputs.
func (x *execution) inputs(ctx context.Context, i int) (map[string]any, error) {
	with := x.run.Plan.Steps[i].With
	if len(with) == 0 {
		return map[string]any{}, nil
	}
	env, err := x.env(i)
	if err != nil {
		return nil, err
	}
	return env.With(ctx, with, x.input())
}

// input is what the expressions of the next step see.
func (x *execution) input() *expr.Input {
	return &expr.Input{
		Body: x.delivery.Body, DeliveryID: x.delivery.ID, Ref: x.run.Ref, SHA: x.run.SHA, Vars: x.run.Plan.Vars,
		Command: x.run.Plan.Command, Steps: x.results, Failed: x.failure != "", Cancelled: x.cancelled, Facts: x.facts,
		LazySHA: x.payload != nil && x.payload.Discussion != nil && x.payload.Discussion.IsPullRequest,
	}
}

// env is the environment in which a step's expressions were checked when its rule was loaded.
func (x *execution) env(i int) (*expr.Env, error) {
	opts := expr.Options{Vars: x.run.Plan.Vars}
	for name, typ := range x.run.Plan.ArgTypes {
		opts.Args = append(opts.Args, expr.Arg{Name: name, Type: typ})
	}
	for _, s := range x.run.Plan.Steps[:i] {
		if strings.HasPrefix(s.ID, "#") { // without an id of its author's, it cannot be named
			continue
		}
		step := expr.Step{ID: s.ID}
		if entry, ok := x.engine.opts.Actions.Get(s.Uses); ok {
			step.Outputs = entry.Outputs
		}
		opts.Steps = append(opts.Steps, step)
	}
	return expr.New(opts)
}
