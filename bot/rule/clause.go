package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// Clause is one condition: what it wanted, what it got.
type Clause struct {
	Clause string `json:"clause"` // on, repos.type, repos.name, refs, paths, command, if, ...
	OK     bool   `json:"ok"`
	Want   string `json:"want"`
	Got    string `json:"got"`
	Line   int    `json:"line,omitempty"` // in the rule's file
}

func (o *Outcome) add(clause string, ok bool, line int, want, got string) bool {
	o.Clauses = append(o.Clauses, Clause{Clause: clause, OK: ok, Want: want, Got: got, Line: line})
	return ok
}

func (o *Outcome) anyFailed() bool {
	return slices.ContainsFunc(o.Clauses, func(c Clause) bool { return !c.OK })
}

// clone copies what the outcomes of several refs share.
func (o Outcome) clone() Outcome {
	o.Clauses = slices.Clone(o.Clauses)
	return o
}

// decided gives an outcome whose clauses are complete its verdict and, if it is not a match, the clause that failed.
func (o Outcome) decided() Outcome {
	o.Verdict = VerdictMatched
	for _, c := range o.Clauses {
		if !c.OK {
			o.Verdict = VerdictNotMatched
			o.Reason = fmt.Sprintf("%s: wanted %s, got %s", c.Clause, c.Want, c.Got)
			break
		}
	}
	return o
}

func (o Outcome) skipped(reason string) Outcome {
	o.Verdict, o.Reason = VerdictSkipped, reason
	return o
}

func (o Outcome) failed(err error) Outcome {
	o.Verdict, o.Reason, o.Err = VerdictError, err.Error(), err
	return o
}

// on checks the event.
func (m *matcher) on(r *Rule, out *Outcome) (trigger, bool) {
	e := m.payload.Event
	got := e.Scope + "." + e.Action
	t, ok := r.trigger(e)
	return t, out.add("on", ok, r.onLine, joinTriggers(r.on), got)
}

// repos checks what the payload tells of the repository.
func (m *matcher) repos(r *Rule, out *Outcome) {
	w, repo := &r.repos, &m.payload.Repo
	if len(w.types) > 0 {
		ok := slices.Contains(w.types, string(repo.Type))
		out.add("repos.type", ok, w.line["type"], strings.Join(w.types, " or "), string(repo.Type))
	}
	if len(w.names) > 0 {
		out.add("repos.name", matchAnyName(repo.Name, w.names), w.line["name"], strings.Join(w.names, " or "), repo.Name)
	}
	if len(w.notName) > 0 {
		ok := !matchAnyName(repo.Name, w.notName)
		out.add("repos.not_name", ok, w.line["not_name"], "none of "+strings.Join(w.notName, ", "), repo.Name)
	}
	if len(w.owners) > 0 {
		out.add("repos.owner", isOwner(repo, w.owners), w.line["owner"], strings.Join(w.owners, " or "),
			fmt.Sprintf("%s (id %s)", namespace(repo.Name), repo.Owner.ID))
	}
	if w.private != nil {
		ok := repo.Private == *w.private
		out.add("repos.private", ok, w.line["private"], fmt.Sprint(*w.private), fmt.Sprint(repo.Private))
	}
}

func isOwner(repo *hub.Repo, owners []string) bool {
	return slices.ContainsFunc(owners, func(o string) bool {
		return o != "" && (o == repo.Owner.ID || strings.EqualFold(o, namespace(repo.Name)))
	})
}

// namespace is the user or organisation in a repository's name, "" for the Hub's oldest models.
func namespace(name string) string {
	ns, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return ns
}

// targets lists the refs and commits at which the rule is decided further; none means that refs failed.
func (m *matcher) targets(r *Rule, t trigger, out *Outcome) []target {
	p := m.payload
	wanted := r.refs
	if !wanted.written && within(t.scope, "repo.content") {
		wanted.globs = []string{mainRef}
	}
	if len(wanted.globs) == 0 {
		return m.anyRef()
	}
	want := strings.Join(wanted.globs, " or ")
	if len(p.UpdatedRefs) == 0 {
		if out.add("refs", !wanted.written, wanted.line, want, "an event without refs") {
			return []target{{"", p.Repo.HeadSHA}}
		}
		return nil
	}
	var list []target
	var got []string
	for _, u := range p.UpdatedRefs {
		deleted := u.NewSHA == ""
		shown := u.Ref
		if deleted {
			shown += " (deleted)"
		}
		got = append(got, shown)
		if wanted.matches(u.Ref) && (!deleted || r.deleted) {
			list = append(list, target{u.Ref, newOr(u.NewSHA, p.Repo.HeadSHA)})
		}
	}
	if r.deleted {
		want += ", deleted or not"
	}
	out.add("refs", len(list) > 0, wanted.line, want, strings.Join(got, ", "))
	return list
}

// anyRef is one target for each ref of the event, or one for an event without.
func (m *matcher) anyRef() []target {
	var list []target
	for _, u := range m.payload.UpdatedRefs {
		if u.NewSHA != "" {
			list = append(list, target{u.Ref, u.NewSHA})
		}
	}
	if len(list) == 0 {
		list = append(list, m.withoutRef())
	}
	return list
}

// withoutRef is the target of an event that moved no ref: the head of main where the payload has it.
func (m *matcher) withoutRef() target {
	p := m.payload
	if d := p.Discussion; p.Repo.HeadSHA == "" && d != nil && d.Changes != nil {
		return target{sha: d.Changes.HeadCommitID}
	}
	return target{sha: p.Repo.HeadSHA}
}

// onPullRequest tells whether the event is about a pull request, whose head must be looked up.
func (m *matcher) onPullRequest() bool {
	return m.payload.Discussion != nil && m.payload.Discussion.IsPullRequest
}

func newOr(sha, head string) string {
	if sha != "" {
		return sha
	}
	return head
}
