package expr

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// ErrOffline says that an expression needs a fact and there is no Hub to ask.
var ErrOffline = errors.New("no Hub is configured")

// FactError is a fact that could not be looked up.
type FactError struct {
	Name string
	Err  error
}

func (e *FactError) Error() string {
	return fmt.Sprintf("%s could not be looked up: %v", e.Name, e.Err)
}

// Unwrap returns what went wrong.
func (e *FactError) Unwrap() error { return e.Err }

// scope is an Input prepared for evaluation: the payload decoded, the facts known so far.
type scope struct {
	event *Event
	known map[string]any     // as fetched
	facts map[string]ref.Val // the same as values
}

// prepare decodes the payload once for all expressions that are evaluated on in.
func (in *Input) prepare() error {
	if in.scope != nil {
		return nil
	}
	if in.Event == nil {
		ev, err := ParseEvent(in.Body)
		if err != nil {
			return err
		}
		in.Event = ev
	}
	in.scope = &scope{event: in.Event}
	if tags, ok := in.Event.tags(); ok {
		return in.learn("tags", tags)
	}
	return nil
}

// lazySHA tells whether sha is still to be looked up.
func (in *Input) lazySHA() bool { return in.LazySHA && in.SHA == "" }

func (in *Input) learn(name string, v any) error {
	if name == FactSHA {
		sha, ok := v.(string)
		if !ok || sha == "" {
			return &FactError{Name: name, Err: errors.New("the pull request has no head")}
		}
		in.SHA = sha
		return nil
	}
	base, err := baseEnv()
	if err != nil {
		return err
	}
	if in.scope.facts == nil {
		in.scope.facts, in.scope.known = map[string]ref.Val{}, map[string]any{}
	}
	i := slices.Index(FactNames, name)
	if i < 0 {
		return fmt.Errorf("there is no fact %q", name)
	}
	in.scope.known[name] = v
	in.scope.facts[name] = base.types.value(factVariables[i].typ, v)
	return nil
}

// Fetch looks a fact up, unless it is known.
func (in *Input) Fetch(ctx context.Context, name string) error {
	if err := in.prepare(); err != nil {
		return err
	}
	if len(in.unknown([]string{name})) == 0 {
		return nil
	}
	if in.Facts == nil {
		return &FactError{Name: name, Err: ErrOffline}
	}
	v, err := in.Facts.Fact(ctx, name)
	if err != nil {
		return &FactError{Name: name, Err: err}
	}
	return in.learn(name, v)
}

// Known returns the facts known so far, as they were given; the caller must not change them.
func (in *Input) Known() map[string]any {
	if in.scope == nil {
		return nil
	}
	return in.scope.known
}

// Texts returns a known fact that is a list of text.
func (in *Input) Texts(name string) ([]string, bool) {
	if in.prepare() != nil {
		return nil, false
	}
	v, ok := in.scope.known[name]
	return asTexts(v), ok
}

// activation resolves the variables of one environment on one input.
type activation struct {
	in  *Input
	env *Env
}

var _ cel.Activation = (*activation)(nil)

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	if v, ok := a.in.scope.event.vars[name]; ok {
		return v, true
	}
	if v, ok := a.in.scope.facts[name]; ok {
		return v, true
	}
	switch name {
	case "ref":
		return types.String(a.in.Ref), true
	case "sha":
		return types.String(a.in.SHA), true
	case "delivery":
		return a.env.types.object("Delivery", map[string]any{"id": a.in.DeliveryID}), true
	case "vars":
		return a.env.types.object(typeVars, a.in.Vars), true
	case "command":
		return a.env.types.object(typeCommand, a.in.Command), true
	case "steps":
		return a.env.types.object(StepsRecord, a.steps()), true
	case varEvent:
		return a.env.types.object(typeEvent, a.presence()), true
	case varAlways:
		return types.True, true
	case varFailure:
		return types.Bool(a.in.Failed), true
	case varSuccess:
		return types.Bool(!a.in.Failed && !a.in.Cancelled), true
	}
	return nil, false
}

func (a *activation) steps() map[string]any {
	steps := make(map[string]any, len(a.in.Steps))
	for id, s := range a.in.Steps {
		steps[id] = map[string]any{"ok": s.OK, "state": s.State, "error": s.Error, "outputs": s.Outputs}
	}
	return steps
}

// presence is what has(x) of a top-level variable looks at.
func (a *activation) presence() map[string]any {
	m := maps.Clone(a.in.scope.event.values)
	if m == nil {
		m = map[string]any{}
	}
	for name, set := range map[string]bool{
		"ref": a.in.Ref != "", "sha": a.in.SHA != "", "delivery": a.in.DeliveryID != "",
		"vars": len(a.in.Vars) > 0, "command": a.in.Command != nil, "steps": len(a.in.Steps) > 0,
	} {
		if delete(m, name); set {
			m[name] = true
		}
	}
	return m
}
