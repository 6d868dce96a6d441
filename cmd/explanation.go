package cmd

import (
	"io"

	"github.com/hfbot/hfbot/bot/rule"
)

// explanation is the JSON of `hfbot explain`.
type explanation struct {
	Rules []explainedRule `json:"rules"`
	Note  string          `json:"note,omitempty"`
}

// explainedRule is one rule, whatever the number of refs it was tried for. Verdict, reason, clauses and steps are those
// of the ref that got furthest.
type explainedRule struct {
	ID      string          `json:"id"`
	Verdict rule.Verdict    `json:"verdict"`
	Reason  string          `json:"reason"`
	Clauses []rule.Clause   `json:"clauses"`
	Steps   []rule.StepView `json:"steps"`
	Refs    []explainedRef  `json:"refs,omitempty"`
}

type explainedRef struct {
	Ref     string       `json:"ref"`
	SHA     string       `json:"sha"`
	Verdict rule.Verdict `json:"verdict"`
	Reason  string       `json:"reason"`
}

// rank orders verdicts by how far a rule got.
var rank = map[rule.Verdict]int{
	rule.VerdictNotMatched: 0, rule.VerdictSkipped: 1, rule.VerdictError: 2, rule.VerdictMatched: 3,
}

// newExplanation lists each rule once, in the order in which the outcomes name them.
func newExplanation(outcomes []rule.Outcome, note string) explanation {
	result := explanation{Rules: []explainedRule{}, Note: note}
	at := map[string]int{}
	for _, o := range outcomes {
		i, seen := at[o.RuleID]
		if !seen {
			i = len(result.Rules)
			at[o.RuleID] = i
			result.Rules = append(result.Rules, explainedRule{ID: o.RuleID})
		}
		e := &result.Rules[i]
		if !seen || rank[o.Verdict] > rank[e.Verdict] {
			e.Verdict, e.Reason, e.Clauses, e.Steps = o.Verdict, o.Reason, orEmpty(o.Clauses), orEmpty(o.Steps)
		}
		if o.Ref != "" {
			e.Refs = append(e.Refs, explainedRef{Ref: o.Ref, SHA: o.SHA, Verdict: o.Verdict, Reason: o.Reason})
		}
	}
	return result
}

// writeExplanation renders the outcomes for people, one by one.
func writeExplanation(w io.Writer, outcomes []rule.Outcome, note string) error {
	text := rule.Explanation{Rules: outcomes}.Text()
	if note != "" {
		text += "\nnote: " + note + "\n"
	}
	_, err := io.WriteString(plainWriter{w}, text)
	return err
}
