package rule

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// testFacts are the facts a test gives.
type testFacts map[string]any

// Fact implements expr.Facts. What is not given is an error: an empty value would decide rules by accident.
func (f testFacts) Fact(_ context.Context, name string) (any, error) {
	v, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("the test gives no %s; add it to facts", name)
	}
	return v, nil
}

// run matches the event and goes through the steps of the matches.
func (f *testFile) run(ctx context.Context, c *testCase, set *Set, opts Options) TestResult {
	result := TestResult{File: f.name, Line: c.line, Name: c.name, Failures: []string{}}
	p, err := hub.ParsePayload(c.event)
	if err != nil {
		result.Failures = append(result.Failures, err.Error())
		return result
	}
	result.Failures = append(result.Failures, c.checkAnswers(set, opts)...)
	outcomes := set.Match(ctx, Delivery{ID: "test", Body: c.event, Payload: p},
		func(string, string) expr.Facts { return c.facts })
	f.skipOwn(outcomes, p, c.facts)
	result.Failures = append(result.Failures, c.expect.checkVerdicts(outcomes)...)
	for i := range outcomes {
		if o := &outcomes[i]; o.Verdict == VerdictMatched {
			ran, err := c.simulate(ctx, o, opts)
			if err != nil {
				result.Failures = append(result.Failures, fmt.Sprintf("%s: %v", o.RuleID, err))
			}
			result.Failures = append(result.Failures, c.expect.checkSteps(o.RuleID, ran)...)
		}
	}
	result.Failures = append(result.Failures, c.expect.checkMatched(outcomes)...)
	if len(result.Failures) > 0 {
		result.Explanation = Explanation{Rules: outcomes}.Text()
	}
	return result
}

// skipOwn skips matches when the event is the bot's own act, as far as payload and facts tell.
func (f *testFile) skipOwn(outcomes []Outcome, p *hub.Payload, facts testFacts) {
	actor := p.Actor()
	if actor == "" {
		author, _ := facts["author"].(map[string]any)
		actor, _ = author["id"].(string)
	}
	for i := range outcomes {
		o := &outcomes[i]
		if actor != "" && actor == f.bot && o.Verdict == VerdictMatched && !o.Rule.OwnEvents {
			o.Verdict, o.Reason, o.Steps = VerdictSkipped, "own_event", []StepView{}
		}
	}
}

// simulate goes through the steps of a match with the answers that the test gives for the actions, and returns those
// that would run with their inputs expanded.
func (c *testCase) simulate(ctx context.Context, o *Outcome, opts Options) ([]StepView, error) {
	in := &expr.Input{
		Body: c.event, DeliveryID: "test", Ref: o.Ref, SHA: o.SHA, Vars: o.Rule.Vars, Command: o.Command, Facts: c.facts,
		Steps: map[string]expr.StepResult{}, LazySHA: true,
	}
	var before []expr.Step
	var ran []StepView
	for _, s := range o.Rule.Steps {
		env, err := newEnvCache().get(o.Rule.Vars, o.Rule.Command, before)
		if err != nil {
			return ran, err
		}
		due, err := env.If(ctx, s.If, in)
		if err != nil {
			return ran, fmt.Errorf("step %s: %w", s.Uses, err)
		}
		entry, known := opts.Actions.Get(s.Uses)
		if known && s.ID != "" {
			before = append(before, expr.Step{ID: s.ID, Outputs: entry.Outputs})
		}
		if !due {
			in.Steps[s.ID] = expr.StepResult{State: "skipped"}
			continue
		}
		with, err := env.With(ctx, s.With, in)
		if err != nil {
			return ran, fmt.Errorf("step %s: %w", s.Uses, err)
		}
		ran = append(ran, StepView{ID: s.ID, Uses: s.Uses, With: with, If: s.If})
		r := c.answer(s.ID)
		in.Steps[s.ID] = r
		in.Failed = in.Failed || !r.OK && !s.ContinueOnError
	}
	return ran, nil
}

// checkAnswers looks for answers that no step of the rules could give, such as a misspelt output.
func (c *testCase) checkAnswers(set *Set, opts Options) []string {
	var failures []string
	for _, id := range slices.Sorted(maps.Keys(c.steps)) {
		uses := set.usesOf(id)
		if len(uses) == 0 {
			failures = append(failures, fmt.Sprintf("steps.%s: no rule has a step of this id", id))
		}
		given, _ := c.steps[id].(map[string]any)
		outputs, _ := given["outputs"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(outputs)) {
			failures = append(failures, checkAnswer(uses, opts, id, name, outputs[name])...)
		}
	}
	return failures
}

// checkAnswer says why none of the actions could give an output. One that can is enough: ids are of a rule, so steps of
// other actions may have the same.
func checkAnswer(uses []string, opts Options, id, name string, value any) []string {
	var failures []string
	for _, action := range uses {
		entry, known := opts.Actions.Get(action)
		if !known {
			continue
		}
		failure := checkOutput(entry, id, name, value)
		if failure == "" {
			return nil
		}
		failures = append(failures, failure)
	}
	return failures
}

// checkOutput says why an action could not give an output, or nothing.
func checkOutput(entry *actions.Entry, id, name string, value any) string {
	i := slices.IndexFunc(entry.Outputs, func(f actions.Field) bool { return f.Name == name })
	if i < 0 {
		return fmt.Sprintf("steps.%s: %s has no output %q", id, entry.Spec.ID, name)
	}
	if err := expr.CheckOutput(entry.Outputs[i], value); err != nil {
		return fmt.Sprintf("steps.%s: output %s of %s %v", id, name, entry.Spec.ID, err)
	}
	return ""
}

// usesOf are the actions of all steps with an id.
func (s *Set) usesOf(id string) []string {
	var uses []string
	for _, r := range s.Rules {
		for _, step := range r.Steps {
			if step.ID == id && !slices.Contains(uses, step.Uses) {
				uses = append(uses, step.Uses)
			}
		}
	}
	return uses
}

// answer is what the test says a step came to: success without outputs unless it says otherwise.
func (c *testCase) answer(id string) expr.StepResult {
	given, _ := c.steps[id].(map[string]any)
	r := expr.StepResult{OK: true, State: "succeeded"}
	r.Outputs, _ = given["outputs"].(map[string]any)
	if message, ok := given["error"].(string); ok && message != "" {
		r = expr.StepResult{State: "failed", Error: message, Outputs: r.Outputs}
	}
	return r
}

// Text renders a result for people.
func (r TestResult) Text() string {
	if len(r.Failures) == 0 {
		return fmt.Sprintf("ok    %s\n", r.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "FAIL  %s (%s:%d)\n", r.Name, r.File, r.Line)
	for _, f := range r.Failures {
		b.WriteString("      " + f + "\n")
	}
	for line := range strings.Lines(r.Explanation) {
		b.WriteString("      | " + line)
	}
	return b.String()
}

// tally is the last line of a report.
func tally(all, failed int) string {
	noun := "tests"
	if all == 1 {
		noun = "test"
	}
	if failed > 0 {
		return fmt.Sprintf("%d of %d %s failed\n", failed, all, noun)
	}
	return fmt.Sprintf("%d %s passed\n", all, noun)
}
