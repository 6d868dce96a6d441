package rule

import (
	"slices"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// misses tells whether the payload alone shows that a rule does not match, without making the words that explain it. It
// is right when it says so; false means that the rule must be looked at closely.
func (m *matcher) misses(r *Rule) bool {
	t, ok := r.trigger(m.payload.Event)
	if !ok || !r.repos.take(&m.payload.Repo) {
		return true
	}
	if r.Command != nil {
		_, invoked := m.invocation(r)
		return !invoked
	}
	if r.cond == nil || r.cond.program.NeedsFacts() || m.emptyConfig(r) {
		return false
	}
	at, ok := m.soleTarget(r, t)
	if !ok || m.read() != nil {
		return false
	}
	if m.plain == nil {
		m.plain = &expr.Input{Event: m.event, DeliveryID: m.delivery.ID}
	}
	m.plain.Ref, m.plain.SHA, m.plain.Vars = at.ref, at.sha, r.Vars
	matches, missing, err := r.cond.program.TryBool(m.ctx, m.plain)
	return err == nil && len(missing) == 0 && !matches
}

// trigger is the one of the rule's events that an event is.
func (r *Rule) trigger(e hub.Event) (trigger, bool) {
	for _, t := range r.on {
		if t.matches(e) {
			return t, true
		}
	}
	return trigger{}, false
}

// take tells whether the repository is one that the rule is for, its tags left aside.
func (w *repos) take(repo *hub.Repo) bool {
	return (len(w.types) == 0 || slices.Contains(w.types, string(repo.Type))) &&
		(len(w.names) == 0 || matchAnyName(repo.Name, w.names)) &&
		(len(w.notName) == 0 || !matchAnyName(repo.Name, w.notName)) &&
		(len(w.owners) == 0 || isOwner(repo, w.owners)) &&
		(w.private == nil || repo.Private == *w.private)
}

// soleTarget is the ref and commit of a rule that is decided at one only, which most are: one that looks at main, on a
// push to main.
func (m *matcher) soleTarget(r *Rule, t trigger) (target, bool) {
	p := m.payload
	switch {
	case len(p.UpdatedRefs) == 0 && !r.refs.written:
		return m.withoutRef(), true
	case len(p.UpdatedRefs) != 1 || p.UpdatedRefs[0].NewSHA == "":
		return target{}, false
	}
	u := p.UpdatedRefs[0]
	wanted := r.refs.globs
	if !r.refs.written && within(t.scope, "repo.content") {
		wanted = mainOnly
	}
	if len(wanted) > 0 && !matchAnyRef(u.Ref, wanted) {
		return target{}, false
	}
	return target{u.Ref, u.NewSHA}, true
}

// bare is the outcome of a rule that misses: the verdict without its reason, which Explain gives.
func bare(r *Rule) Outcome { return Outcome{RuleID: r.ID, Rule: r, Verdict: VerdictNotMatched} }
