package actions

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"
)

// Entry is a registered action with what was derived from its types.
type Entry struct {
	Spec    Spec
	Inputs  []Field
	Outputs []Field

	action any
	in     reflect.Type
	out    reflect.Type
	run    func(ctx context.Context, rt *Runtime, in reflect.Value) (reflect.Value, error)

	mu          sync.Mutex // guards provisioned
	provisioned bool
}

// Check tells what is wrong with the inputs of a step before it runs: unknown names, wrong types, missing inputs.
// Values that are known only later are given as Template, at any depth; of them only the type is checked. What
// Validate says is included when nothing is a template.
func (e *Entry) Check(with map[string]any) []InputError {
	d := decoder{action: e.Spec.ID, checking: true}
	in := e.decode(&d, with)
	if len(d.errs) == 0 && !d.templates {
		d.validate(in)
	}
	return d.errs
}

// CheckSecrets tells what is wrong with the secrets a rule gives a step: unknown names and missing required ones.
// InputError.Input is the secret's name.
func (e *Entry) CheckSecrets(names []string) []InputError {
	d := decoder{action: e.Spec.ID}
	var known []string
	for _, s := range e.Spec.Secrets {
		known = append(known, s.Name)
		if s.Required && !slices.Contains(names, s.Name) {
			d.fail(s.Name, "secret %q is required: %s", s.Name, s.Doc)
		}
	}
	for _, name := range names {
		if slices.Contains(known, AnySecret) {
			if !chosenSecret.MatchString(name) {
				d.fail(name, "secret %q needs a name that matches %s", name, chosenSecret)
			}
			continue
		}
		if !slices.Contains(known, name) {
			d.fail(name, "takes no secret %q; secrets: %s", name, strings.Join(known, ", "))
		}
	}
	return d.errs
}

// chosenSecret is the shape of a secret's name that a rule chooses itself.
var chosenSecret = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// Run decodes the inputs, runs the action and encodes the outputs. Wrong inputs, a missing secret and a panic are
// permanent errors; so is an answer of the Hub that no retry can change. Whoever shows the outputs or the error masks
// the step's secrets in them: other servers may repeat what they were sent.
func (e *Entry) Run(ctx context.Context, rt *Runtime, with map[string]any) (map[string]any, error) {
	outputs, err := e.work(ctx, rt, with)
	return outputs, classify(err)
}

// work is Run without judging the error.
func (e *Entry) work(ctx context.Context, rt *Runtime, with map[string]any) (map[string]any, error) {
	d := decoder{action: e.Spec.ID}
	in := e.decode(&d, with)
	if len(d.errs) == 0 {
		d.validate(in)
	}
	for _, s := range e.Spec.Secrets {
		if s.Required && rt.Secret(s.Name) == "" {
			d.fail("", "secret %q is not set: %s", s.Name, s.Doc)
		}
	}
	if err := d.err(); err != nil {
		return nil, Permanent(err)
	}
	if err := e.provision(ctx); err != nil {
		return nil, fmt.Errorf("%s: get ready: %w", e.Spec.ID, err)
	}
	out, err := e.runSafely(ctx, rt, in)
	if err != nil {
		return nil, err
	}
	outputs, err := encode(out, e.Outputs)
	if err != nil {
		return nil, Permanentf("%s: %w", e.Spec.ID, err)
	}
	return outputs, nil
}

// Zero is the outputs of a step that did not run.
func (e *Entry) Zero() map[string]any {
	outputs, err := encode(reflect.New(e.out).Elem(), e.Outputs)
	if err != nil {
		panic("actions: " + e.Spec.ID + ": zero outputs cannot be encoded: " + err.Error())
	}
	return outputs
}

// decode makes the input struct.
func (e *Entry) decode(d *decoder, with map[string]any) reflect.Value {
	in := reflect.New(e.in)
	d.inputs(in.Elem(), e.Inputs, with)
	return in
}

// validate asks the inputs themselves, given by pointer.
func (d *decoder) validate(in reflect.Value) {
	if v, ok := in.Interface().(Validator); ok {
		if err := v.Validate(); err != nil {
			d.fail("", "%s", err)
		}
	}
}

// runSafely runs the action; a panic becomes a permanent error, with the stack in the log.
func (e *Entry) runSafely(ctx context.Context, rt *Runtime, in reflect.Value) (out reflect.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			if rt.Log != nil {
				rt.Log.Error("action panicked", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			}
			err = Permanentf("%s panicked: %v", e.Spec.ID, r)
		}
	}()
	return e.run(ctx, rt, in.Elem())
}

// provision gets the action ready once.
func (e *Entry) provision(ctx context.Context) error {
	p, ok := e.action.(Provisioner)
	if !ok {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.provisioned {
		return nil
	}
	if err := p.Provision(ctx); err != nil {
		return err
	}
	e.provisioned = true
	return nil
}

// close closes the action if it is a Closer and, when it needs provisioning, was provisioned.
func (e *Entry) close() error {
	c, ok := e.action.(io.Closer)
	if !ok {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, needs := e.action.(Provisioner); needs && !e.provisioned {
		return nil
	}
	e.provisioned = false
	return c.Close()
}
