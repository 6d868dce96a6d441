package rule

import (
	"context"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// Verdict is what became of one rule (and ref) for a delivery.
type Verdict string

// The four verdicts. Match gives skipped only for what a rule must ask for by name; skips that need the bot's history
// are the caller's.
const (
	VerdictMatched    Verdict = "matched"
	VerdictNotMatched Verdict = "not_matched"
	VerdictSkipped    Verdict = "skipped"
	VerdictError      Verdict = "error"
)

// Reasons of VerdictSkipped that Match gives.
const (
	SkippedConvertRef  = "convert_ref"  // refs/convert/* is not written in refs
	SkippedEmptyConfig = "empty_config" // repo.config with an empty updatedConfig, and on is broader
)

// Outcome is the verdict on one rule for one ref, with its reason.
type Outcome struct {
	RuleID  string     `json:"id"`
	Verdict Verdict    `json:"verdict"`
	Reason  string     `json:"reason"`
	Clauses []Clause   `json:"clauses"`
	Steps   []StepView `json:"steps"` // what would run; only of a match
	Ref     string     `json:"ref,omitempty"`
	SHA     string     `json:"sha,omitempty"`

	Rule    *Rule          `json:"-"`
	Command map[string]any `json:"-"` // {"name", "args"} of a matched command
	Refusal *Refusal       `json:"-"` // of a command that does not run; nil otherwise
	// Keys, evaluated for a match; empty when the rule has no such key.
	OnceKey     string         `json:"-"`
	DebounceKey string         `json:"-"`
	GroupKey    string         `json:"-"`
	RateKey     string         `json:"-"`
	Facts       map[string]any `json:"-"` // known when the verdict fell
	Err         error          `json:"-"` // why the verdict is error; an *expr.EvalError is not worth another try
}

// Delivery is what Match looks at.
type Delivery struct {
	ID      string
	Body    []byte
	Payload *hub.Payload
}

// FactsFor gives the facts of a delivery at a ref and commit.
type FactsFor func(ref, sha string) expr.Facts

// Match evaluates every rule: one Outcome each, or one for each matching ref, in the order of the rules. With facts nil
// it is offline, and a rule that needs a fact gets the verdict error.
func (s *Set) Match(ctx context.Context, d Delivery, facts FactsFor) []Outcome {
	m := newMatcher(ctx, d, facts)
	list := make([]Outcome, 0, len(s.Rules))
	for _, r := range s.Rules {
		list = append(list, m.rule(r)...)
	}
	return list
}

// MatchCandidates is Match without the rules that the index rules out by the event's scope and the repository's type,
// name and tags. Its time grows with the rules that could match, not with all. Outcomes of rules that do not match may
// lack their reason and clauses, which cost more than the verdict: Explain gives them.
func (s *Set) MatchCandidates(ctx context.Context, d Delivery, facts FactsFor) []Outcome {
	m := newMatcher(ctx, d, facts)
	candidates := s.index.candidates(d.Payload)
	list := make([]Outcome, 0, len(candidates))
	for _, i := range candidates {
		if r := s.Rules[i]; m.misses(r) {
			list = append(list, bare(r))
		} else {
			list = append(list, m.rule(r)...)
		}
	}
	return list
}

// Explain gives the first most outcomes that lack a reason theirs.
func Explain(ctx context.Context, d Delivery, facts FactsFor, outcomes []Outcome, most int) []Outcome {
	m := newMatcher(ctx, d, facts)
	list := make([]Outcome, 0, len(outcomes))
	for _, o := range outcomes {
		switch {
		case o.Reason != "" || o.Rule == nil:
			list = append(list, o)
		case most > 0:
			list = append(list, m.rule(o.Rule)...)
			most--
		}
	}
	return list
}

// matcher evaluates rules on one delivery.
type matcher struct {
	ctx      context.Context //nolint:containedctx // a matcher lives for one call of Match
	delivery Delivery
	payload  *hub.Payload
	facts    FactsFor
	event    *expr.Event // the body for expressions; nil until read
	shared   map[target]expr.Facts

	plain  *expr.Input  // the payload without facts, for conditions that need none
	spoken []Invocation // the commands of the comment
	parsed bool         // spoken is filled
}

// target is where a rule is evaluated: the ref that matched, and the commit.
type target struct{ ref, sha string }

func newMatcher(ctx context.Context, d Delivery, facts FactsFor) *matcher {
	return &matcher{ctx: ctx, delivery: d, payload: d.Payload, facts: facts, shared: map[target]expr.Facts{}}
}

// read decodes the body for expressions, once. Deliveries that no rule is on, which may be nearly all, need it not.
func (m *matcher) read() (err error) {
	if m.event == nil {
		m.event, err = expr.ParseEvent(m.delivery.Body)
	}
	return err
}

// factsAt gives the facts at a target, the same value to all rules, so that each fact is looked up once.
func (m *matcher) factsAt(t target) expr.Facts {
	if m.facts == nil {
		return nil
	}
	f, ok := m.shared[t]
	if !ok {
		f = m.facts(t.ref, t.sha)
		m.shared[t] = f
	}
	return f
}

// rule evaluates one rule, from the cheapest condition to the dearest.
func (m *matcher) rule(r *Rule) []Outcome {
	out := Outcome{RuleID: r.ID, Rule: r, Steps: []StepView{}}
	trigger, ok := m.on(r, &out)
	if !ok {
		return []Outcome{out.decided()}
	}
	m.repos(r, &out)
	inv, ok := m.invoked(r, &out)
	if !ok || out.anyFailed() {
		return []Outcome{out.decided()}
	}
	if m.emptyConfig(r) {
		return []Outcome{out.skipped(SkippedEmptyConfig)}
	}
	targets := m.targets(r, trigger, &out)
	if len(targets) == 0 {
		return []Outcome{out.decided()}
	}
	if err := m.read(); err != nil {
		return []Outcome{out.failed(err)}
	}
	var list []Outcome
	for _, t := range targets {
		list = append(list, m.at(r, out.clone(), t, inv))
	}
	return list
}

// emptyConfig tells whether the event is a change of settings the Hub does not name, such as of a secret, and the rule
// does not ask for it.
func (m *matcher) emptyConfig(r *Rule) bool {
	if m.payload.Event.Scope != "repo.config" || m.payload.UpdatedConfig == nil || len(m.payload.UpdatedConfig) > 0 {
		return false
	}
	for _, t := range r.on {
		if within(t.scope, "repo.config") {
			return false
		}
	}
	return true
}

// at decides a rule at one ref and commit.
func (m *matcher) at(r *Rule, out Outcome, t target, inv *Invocation) Outcome {
	out.Ref, out.SHA = t.ref, t.sha
	if len(t.ref) > len(convertRefs) && t.ref[:len(convertRefs)] == convertRefs && !r.refs.namesConvert() {
		return out.skipped(SkippedConvertRef)
	}
	in := &expr.Input{
		Event: m.event, DeliveryID: m.delivery.ID, Ref: t.ref, SHA: t.sha, Vars: r.Vars, Facts: m.factsAt(t),
		LazySHA: m.onPullRequest(),
	}
	if inv != nil {
		args, err := r.Command.Parse(inv.Words)
		if err != nil {
			return m.badArguments(r, out, in, err)
		}
		in.Command = map[string]any{"name": inv.Name, "args": args}
		out.Command = in.Command
	}
	out = m.conditions(r, out, in)
	if out.Verdict == VerdictMatched {
		out = m.matched(r, out, in)
	}
	out.Facts, out.SHA = in.Known(), in.SHA
	return out
}
