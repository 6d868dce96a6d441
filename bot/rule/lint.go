package rule

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// lint warns of what is allowed but cannot be meant.
func (dr *draft) lint() {
	r := dr.rule
	if len(r.on) == 0 {
		return
	}
	content := slices.ContainsFunc(r.on, func(t trigger) bool {
		return within(t.scope, "repo.content") || within("repo.content", t.scope)
	})
	if !content {
		dr.warnUnreachable(dr.exprs.paths, "paths need repo.content")
		dr.warnUnreachable(dr.exprs.refs, "refs need repo.content")
	}
	if dr.exprs.deleted != nil && !r.refs.written {
		dr.warnf(dr.exprs.deleted, "deleted does nothing without refs beside it")
	}
	both := slices.ContainsFunc(r.repos.names, func(name string) bool { return slices.Contains(r.repos.notName, name) })
	if both {
		dr.add(Warning, at(dr.node), "rule %q can never match: repos.name and repos.not_name hold the same pattern", r.ID)
	}
}

func (dr *draft) warnUnreachable(n *yaml.Node, why string) {
	if n == nil {
		return
	}
	dr.add(Warning, at(n), "rule %q can never match: %s, on is %s", dr.rule.ID, why, joinTriggers(dr.rule.on))
}

func joinTriggers(on []trigger) string {
	names := make([]string, len(on))
	for i, t := range on {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

// warnPlainGroup warns of a group's name that was meant to be looked up: the keys beside it are expressions, the name is text.
func (dr *draft) warnPlainGroup(env *expr.Env, t *expr.Template) {
	n := dr.exprs.group
	if t == nil || len(t.Programs()) > 0 {
		return
	}
	if p, err := env.Key(n.Value); err == nil && len(p.Names()) > 0 {
		dr.warnf(n, "concurrency.group is the text %q, one group for everything; if you mean its value, write \"${{ %s }}\"",
			n.Value, n.Value)
	}
}

// warnInjection warns when text that strangers wrote becomes part of a command that is executed.
func (dr *draft) warnInjection(s *stepDraft, n *yaml.Node, t *expr.Template) {
	if s.step.Uses != "exec.run" || !hasKey(s.with, "command") {
		return
	}
	inside := false
	dr.visitText(valueNode(s.with, "command"), func(m *yaml.Node) { inside = inside || m == n })
	if !inside {
		return
	}
	for _, p := range t.Programs() {
		if what := p.Untrusted(); what != "" {
			dr.add(Warning, at(n), "step %q: %s is text that anybody can write and becomes part of a command; "+
				"give it through env or stdin", s.name(), what)
		}
	}
}
