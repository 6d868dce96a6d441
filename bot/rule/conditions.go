package rule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// part is one of the conditions that may need facts: repos.tags, paths, a command's allow list, if. They count as one
// conjunction: none is asked for a fact that another makes needless.
type part struct {
	try    func() (ok bool, missing []string, err error)
	record func(*Outcome) // adds the clauses, when the verdict has fallen
}

// conditions decides the parts, fetching the cheapest fact that the outcome still depends on, until it depends on none.
func (m *matcher) conditions(r *Rule, out Outcome, in *expr.Input) Outcome {
	parts := m.parts(r, in)
	verdict, err := decide(m.ctx, parts, in)
	for _, p := range parts {
		p.record(&out)
	}
	if err != nil {
		return out.failed(r.placed(err))
	}
	out = out.decided()
	if verdict == VerdictNotMatched && out.Verdict == VerdictMatched { // a clause must say why
		out.add("if", false, r.Line, "true", "false")
		out = out.decided()
	}
	if r.Command != nil && out.Verdict == VerdictNotMatched && out.fails("command.allow") {
		out.Refusal = r.Command.denial()
	}
	return out
}

// placed adds the place in the file to an error of the rule's if.
func (r *Rule) placed(err error) error {
	var failure *expr.EvalError
	if r.cond == nil || !errors.As(err, &failure) || failure.Source != r.cond.program.Source {
		return err
	}
	at := r.cond.places[min(failure.Offset, len(r.cond.places)-1)]
	return fmt.Errorf("%w (%s:%d:%d)", err, r.File, at.line, at.column)
}

// badArguments is the verdict on a command whose arguments are wrong. Whoever may not use it hears that instead, so that
// nobody else can make the bot talk.
func (m *matcher) badArguments(r *Rule, out Outcome, in *expr.Input, wrong error) Outcome {
	allow := m.allowPart(r, in)
	verdict, err := decide(m.ctx, []part{allow}, in)
	allow.record(&out)
	switch {
	case err != nil:
		return out.failed(err)
	case verdict == VerdictNotMatched:
		out.Refusal = r.Command.denial()
	default:
		out.add("command.args", false, r.onLine, r.Command.usage(), wrong.Error())
		out.Refusal = r.Command.badArguments(wrong)
	}
	return out.decided()
}

func decide(ctx context.Context, parts []part, in *expr.Input) (Verdict, error) {
	for {
		var missing []string
		var failure error
		for _, p := range parts {
			ok, need, err := p.try()
			switch {
			case err != nil:
				failure = err
			case len(need) > 0:
				missing = append(missing, need...)
			case !ok:
				return VerdictNotMatched, nil
			}
		}
		if missing = expr.Cheapest(missing); len(missing) == 0 {
			return VerdictMatched, failure
		}
		if err := in.Fetch(ctx, missing[0]); err != nil {
			return VerdictError, err
		}
	}
}

func (m *matcher) parts(r *Rule, in *expr.Input) []part {
	var list []part
	if !r.repos.tags.empty() {
		list = append(list, r.tagsPart(in))
	}
	if !r.paths.empty() {
		list = append(list, r.pathsPart(in))
	}
	if r.Command != nil {
		list = append(list, m.allowPart(r, in))
	}
	if r.cond != nil {
		list = append(list, m.ifPart(r, in))
	}
	return list
}

func (r *Rule) tagsPart(in *expr.Input) part {
	return part{
		try: func() (bool, []string, error) {
			tags, known := in.Texts("tags")
			if !known {
				return false, []string{"tags"}, nil
			}
			return r.repos.tags.matches(tags), nil, nil
		},
		record: func(out *Outcome) {
			tags, known := in.Texts("tags")
			if !known {
				out.unfetched("repos.tags", r.repos.line["tags"], r.repos.tags.String(), "tags")
				return
			}
			out.add("repos.tags", r.repos.tags.matches(tags), r.repos.line["tags"], r.repos.tags.String(), summary(tags))
		},
	}
}

func (r *Rule) pathsPart(in *expr.Input) part {
	return part{
		try: func() (bool, []string, error) {
			changed, known := in.Texts("changed")
			if !known {
				return false, []string{"changed"}, nil
			}
			ok, _ := r.paths.matches(changed)
			return ok, nil, nil
		},
		record: func(out *Outcome) {
			changed, known := in.Texts("changed")
			if !known {
				out.unfetched("paths", r.paths.line, r.paths.String(), "changed")
				return
			}
			ok, path := r.paths.matches(changed)
			got := summary(changed)
			if path != "" {
				got = path + " is among the changed"
			}
			out.add("paths", ok, r.paths.line, r.paths.String(), got)
		},
	}
}

// unfetched records a condition that was never asked, since another one decided. It is neither true nor false; it is
// written as holding so that it does not pass for the reason.
func (o *Outcome) unfetched(clause string, line int, want, fact string) {
	o.add(clause, true, line, want, "not fetched: "+fact)
}

// summary shows the first few of a list.
func summary(list []string) string {
	const most = 5
	if len(list) == 0 {
		return "none"
	}
	if len(list) > most {
		return fmt.Sprintf("%s, ... (%d in all)", strings.Join(list[:most], ", "), len(list))
	}
	return strings.Join(list, ", ")
}

func (m *matcher) ifPart(r *Rule, in *expr.Input) part {
	return part{
		try: func() (bool, []string, error) { return r.cond.program.TryBool(m.ctx, in) },
		record: func(out *Outcome) {
			conjuncts, err := r.cond.program.Trace(m.ctx, in)
			if err != nil {
				out.add("if", false, r.cond.places[0].line, r.cond.program.Source, "error: "+err.Error())
				return
			}
			for _, c := range conjuncts {
				line := r.cond.places[min(c.Offset, len(r.cond.places)-1)].line
				out.add("if", c.OK || !c.Known, line, c.Text, c.Got)
			}
		},
	}
}

// allowPart checks who wrote a command. What the payload tells is asked first.
func (m *matcher) allowPart(r *Rule, in *expr.Input) part {
	allow := r.Command.Allow
	who := func() (bool, []string, string) {
		if slices.Contains(allow, "anyone") || slices.Contains(allow, "author") && m.isAuthor() {
			return true, nil, "the author of the discussion"
		}
		if !slices.ContainsFunc(allow, func(a string) bool { return a == "write" || strings.HasPrefix(a, "user:") }) {
			return false, nil, "somebody else"
		}
		author, known := in.Known()["author"].(map[string]any)
		if !known {
			return false, []string{"author"}, "not fetched: author"
		}
		name, _ := author["name"].(string)
		role, _ := author["role"].(string)
		named := func(who string) bool { return strings.EqualFold(who, "user:"+name) } // as the Hub tells names apart
		ok := slices.Contains(allow, "write") && hub.Role(role).CanWrite() || name != "" && slices.ContainsFunc(allow, named)
		return ok, nil, fmt.Sprintf("%s, whose role is %s", name, role)
	}
	return part{
		try: func() (bool, []string, error) {
			ok, missing, _ := who()
			return ok, missing, nil
		},
		record: func(out *Outcome) {
			ok, missing, got := who()
			out.add("command.allow", ok || len(missing) > 0, r.onLine, r.Command.forWhom(), got)
		},
	}
}

// isAuthor tells whether the comment is by the one who opened the discussion.
func (m *matcher) isAuthor() bool {
	d, c := m.payload.Discussion, m.payload.Comment
	return d != nil && c != nil && c.Author.ID != "" && c.Author.ID == d.Author.ID
}

// invoked finds the rule's command in the comment; nil and true when the rule is no command.
func (m *matcher) invoked(r *Rule, out *Outcome) (*Invocation, bool) {
	if r.Command == nil {
		return nil, true
	}
	if found, ok := m.invocation(r); ok {
		return found, out.add("command", true, r.onLine, r.Command.Name, r.Command.Name)
	}
	var names []string
	for _, other := range m.invocations() {
		names = append(names, other.Name)
	}
	got := "no command"
	if len(names) > 0 {
		got = strings.Join(names, ", ")
	}
	return nil, out.add("command", false, r.onLine, r.Command.Name, got)
}

// invocation finds a rule's command in the comment.
func (m *matcher) invocation(r *Rule) (*Invocation, bool) {
	for i, found := range m.invocations() {
		if found.Name == r.Command.Name {
			return &m.spoken[i], true
		}
	}
	return nil, false
}

// invocations are the commands of the comment, looked for once.
func (m *matcher) invocations() []Invocation {
	if !m.parsed && m.payload.Comment != nil {
		m.spoken = Invocations(m.payload.Comment.Content)
	}
	m.parsed = true
	return m.spoken
}

// usage writes a command with its arguments, for help and refusals.
func (c *Command) usage() string {
	s := c.Name
	for _, a := range c.Args {
		value := a.Type
		if len(a.Enum) > 0 {
			value = strings.Join(a.Enum, "|")
		}
		if a.Required {
			s += fmt.Sprintf(" %s=<%s>", a.Name, value)
		} else {
			s += fmt.Sprintf(" [%s=%s]", a.Name, value)
		}
	}
	return s
}
