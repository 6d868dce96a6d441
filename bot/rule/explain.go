package rule

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Explanation is what became of every rule for one delivery. The command line, the API and the log render this value.
type Explanation struct {
	Rules []Outcome `json:"rules"`
	Notes []string  `json:"notes,omitempty"` // what the delivery meant to the bot itself, such as /hfbot stop
	// Omitted is how many more rules did not match that are not listed, since there are too many to keep the reason of
	// each for every delivery. `hfbot explain` lists them all.
	Omitted int `json:"omitted,omitempty"`
}

// JSON renders the explanation as `hfbot explain --format json` prints it.
func (e Explanation) JSON() ([]byte, error) {
	if e.Rules == nil {
		e.Rules = []Outcome{}
	}
	return json.MarshalIndent(e, "", "  ")
}

// Line sums the explanation up for a log: "3 of 41 rules matched".
func (e Explanation) Line() string {
	rules, matched := map[string]bool{}, map[string]bool{}
	for _, o := range e.Rules {
		rules[o.RuleID] = true
		if o.Verdict == VerdictMatched {
			matched[o.RuleID] = true
		}
	}
	all := len(rules) + e.Omitted
	noun := "rules"
	if all == 1 {
		noun = "rule"
	}
	return fmt.Sprintf("%d of %d %s matched", len(matched), all, noun)
}

// headings say in plain words what a verdict means.
var headings = map[Verdict]string{
	VerdictMatched:    "would run",
	VerdictNotMatched: "does not run",
	VerdictSkipped:    "is skipped",
	VerdictError:      "could not be decided",
}

// skipWords say in plain words why a rule is skipped.
var skipWords = map[string]string{
	SkippedConvertRef:  "the Hub's own converters wrote this ref; write refs/convert/... in refs to react to it",
	SkippedEmptyConfig: "a setting changed that the Hub does not name; write on: repo.config to react to it",
	"own_event":        "the bot did this itself; own_events: true lets a rule react to that",
	"once":             "this was done before (once_per)",
	"debounced":        "a later event of the same key takes its place",
	"rate_limited":     "rate_limit is used up",
	"breaker":          "it ran too often on this repository: its breaker is open; `hfbot breakers reset` closes it",
	"opted_out":        "somebody asked the bot to stop in this repository",
}

// Text renders the explanation for people.
func (e Explanation) Text() string {
	var b strings.Builder
	b.WriteString(e.Line() + "\n")
	for _, o := range e.Rules {
		b.WriteString("\n" + o.Text())
	}
	if e.Omitted > 0 {
		fmt.Fprintf(&b, "\n%d more rules do not run; hfbot explain tells why each of them does not\n", e.Omitted)
	}
	for _, n := range e.Notes {
		b.WriteString("\nnote: " + n + "\n")
	}
	return b.String()
}

// Text renders one outcome: its verdict, each condition with what was wanted and seen, and the steps of a match.
func (o Outcome) Text() string {
	var b strings.Builder
	name := o.RuleID
	if o.Ref != "" {
		name += " on " + o.Ref
	}
	fmt.Fprintf(&b, "%s %s\n", name, headings[o.Verdict])
	if words := o.reasonWords(); words != "" {
		fmt.Fprintf(&b, "  because %s\n", words)
	}
	for _, c := range o.Clauses {
		b.WriteString("  " + c.Text(o.file()) + "\n")
	}
	for i, s := range o.Steps {
		fmt.Fprintf(&b, "  step %d: %s%s\n", i+1, s.Uses, s.conditionText())
	}
	return b.String()
}

func (o Outcome) file() string {
	if o.Rule == nil {
		return ""
	}
	return o.Rule.File
}

// reasonWords says why, where the clauses do not say it anyway.
func (o Outcome) reasonWords() string {
	switch o.Verdict {
	case VerdictSkipped:
		if words, ok := skipWords[o.Reason]; ok {
			return words
		}
		return o.Reason
	case VerdictError:
		return o.Reason
	}
	return ""
}

// Text renders a clause with its place.
func (c Clause) Text(file string) string {
	mark := "no "
	switch {
	case strings.HasPrefix(c.Got, "not fetched"):
		mark = "-  "
	case c.OK:
		mark = "yes"
	}
	s := fmt.Sprintf("%s %s: wanted %s, got %s", mark, c.Clause, c.Want, c.Got)
	if c.Line > 0 && file != "" {
		s += fmt.Sprintf("  (%s:%d)", file, c.Line)
	}
	return s
}

func (s StepView) conditionText() string {
	if s.If == "" {
		return ""
	}
	return " if " + s.If
}
