package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// expectation is what a test wants. What is nil is not asked.
type expectation struct {
	matched    []string            // exactly these rules, in any order
	notMatched map[string]string   // rule -> the clause that fails, "" for any
	skipped    map[string]string   // rule -> reason
	failed     []string            // verdict error
	steps      map[string][]string // rule -> the actions that run, in order
	with       map[string]map[string]map[string]any
}

func expectKeys(e *expectation) []key {
	return []key{
		{
			name: "matched", doc: "The rules that match: these and no others.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) { e.matched = append([]string{}, d.texts(n, "matched")...) },
		},
		{
			name: "not_matched", doc: "Rules that do not match, or the clause that fails by rule.", schema: anySchema,
			decode: func(d *decoder, n *yaml.Node) { e.notMatched = d.wordsByRule(n, "not_matched") },
		},
		{
			name: "skipped", doc: "The reason by rule.", schema: anySchema,
			decode: func(d *decoder, n *yaml.Node) { e.skipped = d.wordsByRule(n, "skipped") },
		},
		{
			name: "error", doc: "Rules that cannot be decided.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) { e.failed = d.texts(n, "error") },
		},
		{
			name: "steps", doc: "The actions that run, in order, by rule.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) {
				e.steps = map[string][]string{}
				for _, p := range d.mapping(n, "steps") {
					e.steps[p.key.Value] = d.texts(p.value, "steps")
				}
			},
		},
		{
			name: "with", doc: "Inputs of a step, by rule and by the step's id or its place among those that run, from 0.",
			schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) { e.with = d.inputsByRule(n) },
		},
	}
}

// wordsByRule reads {rule: word} or a list of rules.
func (d *decoder) wordsByRule(n *yaml.Node, what string) map[string]string {
	m := map[string]string{}
	if n = d.resolve(n); n.Kind != yaml.MappingNode {
		for _, id := range d.texts(n, what) {
			m[id] = ""
		}
		return m
	}
	for _, p := range d.mapping(n, what) {
		m[p.key.Value], _ = d.constant(p.value, what)
	}
	return m
}

func (d *decoder) inputsByRule(n *yaml.Node) map[string]map[string]map[string]any {
	all := map[string]map[string]map[string]any{}
	for _, r := range d.mapping(n, "with") {
		all[r.key.Value] = map[string]map[string]any{}
		for _, s := range d.mapping(r.value, "with."+r.key.Value) {
			inputs, ok := d.value(s.value, "with").(map[string]any)
			if !ok {
				d.errorf(s.value, "with: the inputs of a step must be a mapping, got %s", kindOf(s.value))
			}
			all[r.key.Value][s.key.Value] = inputs
		}
	}
	return all
}

// checkVerdicts compares the verdicts with what is expected.
func (e *expectation) checkVerdicts(outcomes []Outcome) []string {
	var failures []string
	fail := func(format string, args ...any) { failures = append(failures, fmt.Sprintf(format, args...)) }
	byVerdict := map[Verdict][]string{}
	for _, o := range outcomes {
		if !slices.Contains(byVerdict[o.Verdict], o.RuleID) {
			byVerdict[o.Verdict] = append(byVerdict[o.Verdict], o.RuleID)
		}
	}
	if e.matched != nil && !sameSet(e.matched, byVerdict[VerdictMatched]) {
		fail("matched: wanted %s, got %s", listed(e.matched), listed(byVerdict[VerdictMatched]))
	}
	for _, id := range slices.Sorted(maps.Keys(e.skipped)) {
		o := find(outcomes, id, VerdictSkipped)
		if o == nil {
			fail("%s: wanted skipped (%s), got %s", id, e.skipped[id], verdictOf(outcomes, id))
		} else if want := e.skipped[id]; want != "" && o.Reason != want {
			fail("%s: wanted skipped with reason %s, got %s", id, want, o.Reason)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.notMatched)) {
		o := find(outcomes, id, VerdictNotMatched)
		if o == nil {
			fail("%s: wanted not_matched, got %s", id, verdictOf(outcomes, id))
		} else if want := e.notMatched[id]; want != "" && !o.fails(want) {
			fail("%s: wanted %s to fail, got %s", id, want, o.Reason)
		}
	}
	for _, id := range e.failed {
		if find(outcomes, id, VerdictError) == nil {
			fail("%s: wanted error, got %s", id, verdictOf(outcomes, id))
		}
	}
	return failures
}

// checkMatched finds the rules of whose steps something is expected and that did not match, so that none ran.
func (e *expectation) checkMatched(outcomes []Outcome) []string {
	ids := slices.Collect(maps.Keys(e.steps))
	for id := range e.with {
		if _, asked := e.steps[id]; !asked {
			ids = append(ids, id)
		}
	}
	var failures []string
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if find(outcomes, id, VerdictMatched) == nil {
			failures = append(failures, fmt.Sprintf("%s: wanted steps to run, but got %s", id, verdictOf(outcomes, id)))
		}
	}
	return failures
}

func (o *Outcome) fails(clause string) bool {
	return slices.ContainsFunc(o.Clauses, func(c Clause) bool { return !c.OK && c.Clause == clause })
}

func find(outcomes []Outcome, id string, v Verdict) *Outcome {
	for i := range outcomes {
		if outcomes[i].RuleID == id && outcomes[i].Verdict == v {
			return &outcomes[i]
		}
	}
	return nil
}

func verdictOf(outcomes []Outcome, id string) string {
	for _, o := range outcomes {
		if o.RuleID == id {
			return string(o.Verdict)
		}
	}
	return "no such rule"
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

func listed(list []string) string { return "[" + strings.Join(list, ", ") + "]" }

// checkSteps compares what ran for a rule with what is expected.
func (e *expectation) checkSteps(rule string, ran []StepView) []string {
	var failures []string
	if want, asked := e.steps[rule]; asked {
		var got []string
		for _, s := range ran {
			got = append(got, s.Uses)
		}
		if !slices.Equal(want, got) {
			failures = append(failures, fmt.Sprintf("%s: wanted steps %s, got %s", rule, listed(want), listed(got)))
		}
	}
	for _, at := range slices.Sorted(maps.Keys(e.with[rule])) {
		step := stepAt(ran, at)
		if step == nil {
			failures = append(failures, fmt.Sprintf("%s: step %s did not run", rule, at))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(e.with[rule][at])) {
			want, got := asJSON(e.with[rule][at][name]), asJSON(step.With[name])
			if !reflect.DeepEqual(want, got) {
				failures = append(failures, fmt.Sprintf("%s: step %s (%s): wanted %s to be %v, got %v",
					rule, at, step.Uses, name, want, got))
			}
		}
	}
	return failures
}

func stepAt(ran []StepView, at string) *StepView {
	if i, err := strconv.Atoi(at); err == nil && i >= 0 && i < len(ran) {
		return &ran[i]
	}
	for i := range ran {
		if ran[i].ID == at {
			return &ran[i]
		}
	}
	return nil
}

// asJSON brings numbers and lists of different Go types to one form.
func asJSON(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return v
	}
	return out
}
