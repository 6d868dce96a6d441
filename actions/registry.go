package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sync"

	"github.com/hfbot/hfbot/internal/near"
)

// Registry holds actions by id. It is safe for concurrent use. Make one with NewRegistry.
type Registry struct {
	mu      sync.RWMutex
	entries map[string]*Entry
}

// Default is the registry of the actions compiled in, which init functions fill.
var Default = NewRegistry()

// NewRegistry returns an empty registry, for tests and embedders.
func NewRegistry() *Registry { return &Registry{entries: map[string]*Entry{}} }

// Register adds an action to Default; meant for init. It panics where Add does.
func Register[In, Out any](a Action[In, Out]) { Add(Default, a) }

// Add adds an action to r. It panics on what only its author can mend: a bad or duplicate id, a Spec that says too
// little, fields it cannot describe.
func Add[In, Out any](r *Registry, a Action[In, Out]) {
	e := &Entry{Spec: a.Spec(), action: a, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out]()}
	e.run = func(ctx context.Context, rt *Runtime, in reflect.Value) (reflect.Value, error) {
		out, err := a.Run(ctx, rt, in.Interface().(In))
		return reflect.ValueOf(&out).Elem(), err
	}
	if err := e.describe(); err != nil {
		panic(fmt.Sprintf("actions: register %q: %v", e.Spec.ID, err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.entries[e.Spec.ID]; ok {
		panic(fmt.Sprintf("actions: register %q: an action of that id is registered", e.Spec.ID))
	}
	r.entries[e.Spec.ID] = e
}

var (
	actionID   = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	secretName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// describe checks the Spec and derives the fields.
func (e *Entry) describe() error {
	if !actionID.MatchString(e.Spec.ID) {
		return fmt.Errorf("the id must match %s", actionID)
	}
	if e.Spec.Summary == "" {
		return errors.New("the spec has no summary")
	}
	if !slices.Contains([]Effect{None, HubWrite, External}, e.Spec.Effect) {
		return fmt.Errorf("unknown effect %q", e.Spec.Effect)
	}
	if !slices.Contains([]Access{Anybody, WriteUnlessOwn, WriteAccess}, e.Spec.Access) {
		return fmt.Errorf("unknown access %q", e.Spec.Access)
	}
	for _, s := range e.Spec.Secrets {
		if s.Name == AnySecret && s.Doc != "" && !s.Required {
			continue
		}
		if !secretName.MatchString(s.Name) || s.Doc == "" {
			return fmt.Errorf("secret %q needs a name that matches %s, and a doc", s.Name, secretName)
		}
	}
	var err error
	if e.Inputs, err = fieldsOf(e.in); err != nil {
		return err
	}
	if len(e.Inputs) == 0 {
		return errors.New("an action has at least one input")
	}
	if e.Outputs, err = fieldsOf(e.out); err != nil {
		return err
	}
	for _, f := range e.Outputs {
		if f.Type == typeDuration || f.Elem == typeDuration {
			return fmt.Errorf("output %q: an output is no duration; give seconds or text", f.Name)
		}
	}
	return nil
}

// Get finds an action.
func (r *Registry) Get(id string) (*Entry, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.entries[id]
	return e, ok
}

// All lists the actions by id.
func (r *Registry) All() []*Entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.entries), func(a, b *Entry) int { return cmp.Compare(a.Spec.ID, b.Spec.ID) })
}

// Near lists the ids that id may have been meant for, the likeliest first.
func (r *Registry) Near(id string) []string {
	var ids []string
	for _, e := range r.All() {
		ids = append(ids, e.Spec.ID)
	}
	return near.All(id, ids)
}

// Close closes the actions that hold something open. Further runs provision them again.
func (r *Registry) Close() error {
	var errs []error
	for _, e := range r.All() {
		if err := e.close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", e.Spec.ID, err))
		}
	}
	return errors.Join(errs...)
}
