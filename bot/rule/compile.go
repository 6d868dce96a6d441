package rule

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// condition is a rule's if.
type condition struct {
	program *expr.Program
	places  []place // of each code point of the source
}

// check compiles all expressions and looks for what single keys cannot tell. Rules do not depend on one another, so as
// many are checked at the same time as there are processors: type-checking is most of the time of a load.
func (l *loader) check() {
	next := make(chan *draft)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(1, len(l.drafts))) {
		workers.Go(func() {
			for dr := range next {
				dr.check()
			}
		})
	}
	for _, dr := range l.drafts {
		next <- dr
	}
	close(next)
	workers.Wait()
}

func (dr *draft) check() {
	dr.compile()
	for i := range dr.steps {
		dr.checkStep(i)
	}
	dr.lint()
	dr.rule.Summary = summarise(dr.rule)
}

// compile compiles the expressions of the rule itself.
func (dr *draft) compile() {
	r, e := dr.rule, dr.exprs
	env, err := dr.envs.get(dr.vars, r.Command, nil)
	if err != nil {
		dr.errorf(dr.node, "%v", err)
		return
	}
	if e.cond != nil {
		if p := dr.program(env, forCondition, e.cond, "if"); p != nil {
			r.cond = &condition{program: p, places: dr.text.locate(e.cond)}
		}
	}
	for _, n := range e.once {
		r.keys.once = append(r.keys.once, dr.program(env, forKey, n, "once_per"))
	}
	if e.debounce != nil {
		r.keys.debounce = dr.program(env, forKey, e.debounce, "debounce.key")
	}
	if e.rate != nil {
		r.keys.rate = dr.program(env, forKey, e.rate, "rate_limit.key")
	}
	if e.group != nil {
		t, err := env.Template(e.group.Value)
		if err != nil {
			dr.issues(e.group, "concurrency.group", err)
		}
		r.keys.group = t
		dr.warnPlainGroup(env, t)
	}
}

// program compiles one expression, nil when it is wrong.
func (dr *draft) program(env *expr.Env, k programKind, n *yaml.Node, what string) *expr.Program {
	p, err := dr.envs.program(env, k, n.Value)
	if err != nil {
		dr.issues(n, what, err)
		return nil
	}
	return p
}

// issues reports what is wrong with an expression, each mistake at its own character.
func (d *decoder) issues(n *yaml.Node, what string, err error) {
	var list expr.Issues
	if !errors.As(err, &list) {
		d.errorf(n, "%s: %v", what, err)
		return
	}
	places := d.text.locate(n)
	for _, issue := range list {
		message := what + ": " + issue.Message
		if rest, ok := strings.CutPrefix(issue.Message, "if must"); ok {
			message = "if must" + rest
		}
		if issue.Syntax && n.Style&^yaml.FlowStyle == 0 && d.cutByComment(places[len(places)-1]) {
			message += "; YAML takes # after a space for a comment: put quotes around the whole expression"
		}
		d.report(Error, places[min(issue.Offset, len(places)-1)], "%s", message)
	}
}

// cutByComment tells whether a comment follows a plain scalar, which may be what its author took for a part of it.
func (d *decoder) cutByComment(end place) bool {
	line := d.text.line(end.line)
	if runes := []rune(line); end.column-1 <= len(runes) {
		return strings.HasPrefix(strings.TrimLeft(string(runes[end.column-1:]), " \t"), "#")
	}
	return false
}

// before lists the steps whose outputs step i may read.
func (dr *draft) before(i int) []expr.Step {
	var list []expr.Step
	for _, s := range dr.steps[:i] {
		if s.step.ID == "" {
			continue
		}
		step := expr.Step{ID: s.step.ID}
		if s.entry != nil {
			step.Outputs = s.entry.Outputs
		}
		list = append(list, step)
	}
	return list
}

// needsEnv tells whether a step holds any expression.
func (dr *draft) needsEnv(s *stepDraft) bool {
	found := s.cond != nil
	if s.with != nil {
		dr.visitText(s.with, func(n *yaml.Node) { found = found || expr.IsTemplate(n.Value) })
	}
	return found
}

// visitText calls f for each value below n that is text.
func (d *decoder) visitText(n *yaml.Node, f func(*yaml.Node)) {
	switch n = d.resolve(n); n.Kind {
	case yaml.ScalarNode:
		f(n)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			d.visitText(c, f)
		}
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			d.visitText(n.Content[i], f)
		}
	}
}

// checkExpressions compiles the if and the templates of step i.
func (dr *draft) checkExpressions(i int, env *expr.Env) {
	s := dr.steps[i]
	if s.cond != nil {
		if _, err := env.StepCondition(s.cond.Value); err != nil {
			dr.stepIssues(i, s.cond, "if", err)
		}
	}
	if s.with == nil {
		return
	}
	s.step.templates = map[string]*expr.Template{}
	dr.visitText(s.with, func(n *yaml.Node) {
		if !expr.IsTemplate(n.Value) || s.step.templates[n.Value] != nil {
			return
		}
		t, err := dr.envs.template(env, n.Value)
		if err != nil {
			dr.stepIssues(i, n, "with", err)
			return
		}
		s.step.templates[n.Value] = t
		dr.warnInjection(s, n, t)
	})
}

// stepIssues is issues for an expression in a step: a step that comes later is named with its line.
func (dr *draft) stepIssues(i int, n *yaml.Node, what string, err error) {
	var list expr.Issues
	if errors.As(err, &list) {
		for k, issue := range list {
			at := slices.IndexFunc(dr.steps[i:], func(s *stepDraft) bool { return s.step.ID == issue.Field })
			if issue.Record == expr.StepsRecord && at >= 0 {
				list[k].Message = fmt.Sprintf("steps.%s is used before it is defined (line %d)",
					issue.Field, dr.steps[i+at].id.Line)
			}
		}
		err = list
	}
	dr.issues(n, fmt.Sprintf("step %q: %s", dr.steps[i].name(), what), err)
}
