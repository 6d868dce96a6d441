package rule

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/internal/near"
)

// stepDraft is a step while it is being checked.
type stepDraft struct {
	step    Step
	node    *yaml.Node
	id      *yaml.Node
	uses    *yaml.Node
	with    *yaml.Node
	cond    *yaml.Node
	secrets *yaml.Node
	entry   *actions.Entry // nil when the action is unknown
}

// name is what messages call the step: its id, else its action.
func (s *stepDraft) name() string {
	if s.step.ID != "" {
		return s.step.ID
	}
	return s.step.Uses
}

func (dr *draft) decodeSteps(n *yaml.Node, base defaults) {
	if n = dr.resolve(n); n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		dr.errorf(n, "steps must be a list of at least one step, got %s", emptyOr(n))
		return
	}
	for _, e := range dr.list(n) {
		v := base
		s := &stepDraft{node: e, step: Step{Line: e.Line}}
		dr.object(e, "a step", stepKeys(s, &v))
		s.step.Timeout = v.timeout
		s.step.RetryMax, s.step.RetryBackoff, s.step.RetryFactor = v.retry.max, v.retry.backoff, v.retry.factor
		dr.steps = append(dr.steps, s)
	}
}

func emptyOr(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "an empty one"
	}
	return kindOf(n)
}

// stepKeys is the table of a step's keys.
func stepKeys(s *stepDraft, v *defaults) []key {
	return append([]key{
		{
			name: "id", doc: "Name under which later steps read this one's outputs.", schema: patternSchema(nameForm),
			decode: func(d *decoder, n *yaml.Node) {
				switch {
				case !d.isText(n, "id"): // that was reported
				case !nameForm.MatchString(n.Value):
					d.errorf(n, "the id of a step must match %s, got %s", nameForm, shown(n))
				default:
					s.id, s.step.ID = n, n.Value
				}
			},
		},
		{
			name: "uses", doc: "The action.", required: true, schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) {
				if d.isText(n, "uses") {
					s.uses, s.step.Uses = n, n.Value
				}
			},
		},
		{
			name: "with", doc: "The action's inputs.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) {
				s.with = n
				s.step.With = map[string]any{}
				for _, p := range d.mapping(n, "with") {
					s.step.With[p.key.Value] = d.value(p.value, "with."+p.key.Value)
				}
			},
		},
		{
			name: "if", doc: "A CEL condition; always(), failure() and success() exist here.", schema: conditionSchema,
			decode: func(d *decoder, n *yaml.Node) {
				if s.cond = d.expression(n, "if"); s.cond != nil {
					s.step.If = s.cond.Value
				}
			},
		},
		{
			name: "secrets", doc: "Environment variables by the name of the action's secret.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) {
				s.secrets = n
				s.step.Secrets = map[string]string{}
				for _, p := range d.mapping(n, "secrets") {
					if name, ok := d.constant(p.value, "secrets."+p.key.Value); ok {
						s.step.Secrets[p.key.Value] = name
					}
				}
			},
		},
		{
			name: "continue_on_error", doc: "A failure of this step does not fail the run.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) { s.step.ContinueOnError = d.boolean(n, "continue_on_error") },
		},
	}, defaultKeys(v)...)
}

// checkStep checks one step against its action, with the steps before it.
func (dr *draft) checkStep(i int) {
	s := dr.steps[i]
	dr.checkID(i)
	if s.uses != nil {
		entry, ok := dr.opts.Actions.Get(s.step.Uses)
		if !ok {
			dr.unknownAction(s.uses)
		}
		s.entry = entry
	}
	if dr.needsEnv(s) {
		env, err := dr.envs.get(dr.vars, dr.rule.Command, dr.before(i))
		if err != nil {
			dr.errorf(s.node, "%v", err)
			return
		}
		dr.checkExpressions(i, env)
	}
	dr.checkInputs(s)
	dr.checkSecrets(s)
	dr.rule.Steps = append(dr.rule.Steps, s.step)
}

// checkID refuses a second step of the same id.
func (dr *draft) checkID(i int) {
	s := dr.steps[i]
	for _, earlier := range dr.steps[:i] {
		if s.id != nil && earlier.id != nil && earlier.step.ID == s.step.ID {
			dr.errorf(s.id, "duplicate step id %q (first at line %d)", s.step.ID, earlier.id.Line)
		}
	}
}

func (dr *draft) unknownAction(n *yaml.Node) {
	var ids []string
	for _, e := range dr.opts.Actions.All() {
		ids = append(ids, e.Spec.ID)
	}
	if best := near.Best(n.Value, ids); best != "" {
		dr.errorf(n, "unknown action %q (did you mean %q?)", n.Value, best)
		return
	}
	dr.errorf(n, "unknown action %q; actions: %s", n.Value, strings.Join(ids, ", "))
}

// checkInputs asks the action what is wrong with the inputs.
func (dr *draft) checkInputs(s *stepDraft) {
	if s.entry == nil {
		return
	}
	shape, _ := shape(s.step.With, s.step.templates).(map[string]any)
	for _, e := range s.entry.Check(shape) {
		dr.stepProblem(s, dr.inputNode(s, e.Input), e.Message)
	}
}

// stepProblem reports a mistake in a step's inputs or secrets.
func (dr *draft) stepProblem(s *stepDraft, n *yaml.Node, message string) {
	dr.errorf(n, "step %q: %s", s.name(), message)
}

// inputNode is where an input's mistake is shown: at its name when that is wrong, else at its value.
func (dr *draft) inputNode(s *stepDraft, input string) *yaml.Node {
	known := slices.ContainsFunc(s.entry.Inputs, func(f actions.Field) bool { return f.Name == input })
	if s.with != nil {
		for i := 0; i+1 < len(s.with.Content); i += 2 {
			if k := s.with.Content[i]; k.Value == input {
				if known {
					return s.with.Content[i+1]
				}
				return k
			}
		}
	}
	if s.uses != nil {
		return s.uses
	}
	return s.node
}

// shortSecret is the length below which a secret appears in text that has nothing to do with it.
const shortSecret = 6

func (dr *draft) checkSecrets(s *stepDraft) {
	if s.entry == nil {
		return
	}
	var names []string
	for name := range s.step.Secrets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, e := range s.entry.CheckSecrets(names) {
		n := s.uses
		if s.secrets != nil && hasKey(s.secrets, e.Input) {
			n = valueNode(s.secrets, e.Input)
		}
		dr.stepProblem(s, n, e.Message)
	}
	if dr.opts.LookupEnv == nil {
		return
	}
	for _, name := range names {
		switch v, _ := dr.opts.LookupEnv(s.step.Secrets[name]); {
		case v == "":
			dr.add(Warning, at(valueNode(s.secrets, name)), "secret %s is not set in the environment", s.step.Secrets[name])
		case len(v) < shortSecret:
			dr.add(Warning, at(valueNode(s.secrets, name)), "secret %s is so short that it is masked within other words of logs and "+
				"outputs, too; use one of at least %d characters", s.step.Secrets[name], shortSecret)
		}
	}
}

// shape replaces the templates among a step's inputs by what is known of them, for actions.Entry.Check.
func shape(v any, templates map[string]*expr.Template) any {
	switch v := v.(type) {
	case string:
		if t := templates[v]; t != nil {
			return actions.Template{Type: t.Type()}
		} else if expr.IsTemplate(v) {
			return actions.Template{} // it did not compile, which was reported
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = shape(e, templates)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = shape(e, templates)
		}
		return m
	}
	return v
}
