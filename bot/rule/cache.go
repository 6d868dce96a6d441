package rule

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hfbot/hfbot/bot/expr"
)

// envCache keeps what a load compiled: rules of the same shape share an environment, and rules that say the same share
// its compiled form.
type envCache struct {
	mu        sync.Mutex
	envs      map[string]*expr.Env
	programs  map[source]*expr.Program
	templates map[source]*expr.Template
}

// source is an expression in an environment.
type source struct {
	env  *expr.Env
	kind programKind
	text string
}

// programKind is what an expression is compiled for.
type programKind int

const (
	forCondition programKind = iota
	forKey
	forTemplate
)

func newEnvCache() *envCache {
	return &envCache{
		envs: map[string]*expr.Env{}, programs: map[source]*expr.Program{}, templates: map[source]*expr.Template{},
	}
}

// get returns the environment for a file's vars, a rule's command and the steps before an expression.
func (c *envCache) get(vars map[string]any, command *Command, steps []expr.Step) (*expr.Env, error) {
	var args []expr.Arg
	if command != nil {
		for _, a := range command.Args {
			args = append(args, expr.Arg{Name: a.Name, Type: a.Type})
		}
	}
	key := signature(vars, args, steps)
	c.mu.Lock()
	defer c.mu.Unlock()
	if env, ok := c.envs[key]; ok {
		return env, nil
	}
	env, err := expr.New(expr.Options{Vars: vars, Args: args, Steps: steps})
	if err != nil {
		return nil, err
	}
	c.envs[key] = env
	return env, nil
}

// signature tells environments apart by the names and types in them; values of vars are in it, since their types are.
func signature(vars map[string]any, args []expr.Arg, steps []expr.Step) string {
	var b strings.Builder
	if len(vars) > 0 {
		fmt.Fprintf(&b, "%#v", vars)
	}
	if len(args) > 0 {
		fmt.Fprintf(&b, "%#v", args)
	}
	for _, s := range steps {
		b.WriteString(" " + s.ID)
		for _, o := range s.Outputs {
			b.WriteString("," + o.Name + ":" + o.Type + ":" + o.Elem)
		}
	}
	return b.String()
}

// program compiles an expression, unless it was. Compiling is not done under the lock; to do it twice harms nobody.
func (c *envCache) program(env *expr.Env, k programKind, text string) (*expr.Program, error) {
	key := source{env, k, text}
	if p := lookUp(c, c.programs, key); p != nil {
		return p, nil
	}
	compile := env.Condition
	if k == forKey {
		compile = env.Key
	}
	p, err := compile(text)
	if err != nil {
		return nil, err
	}
	return keep(c, c.programs, key, p), nil
}

// template compiles a text with expressions in it, unless it was.
func (c *envCache) template(env *expr.Env, text string) (*expr.Template, error) {
	key := source{env, forTemplate, text}
	if t := lookUp(c, c.templates, key); t != nil {
		return t, nil
	}
	t, err := env.Template(text)
	if err != nil {
		return nil, err
	}
	return keep(c, c.templates, key, t), nil
}

func lookUp[T any](c *envCache, m map[source]*T, key source) *T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return m[key]
}

func keep[T any](c *envCache, m map[source]*T, key source, v *T) *T {
	c.mu.Lock()
	defer c.mu.Unlock()
	m[key] = v
	return v
}
