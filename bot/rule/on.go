package rule

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/internal/near"
)

// eventActions are the actions of the Hub's events; the last word of an `on` is an action only if it is one of them.
var eventActions = []string{"create", "update", "delete", "move"}

var scopeForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// scopes are those the Hub documents; others are allowed, but a near miss is probably a mistake.
var scopes = []string{"repo", "repo.content", "repo.config", "discussion", "discussion.comment"}

// trigger is one event a rule reacts to. An empty action is any.
type trigger struct{ scope, action string }

func (t trigger) String() string {
	if t.action == "" {
		return t.scope
	}
	return t.scope + "." + t.action
}

// matches tells whether an event is meant. Scopes are a hierarchy, and what happens on a narrower scope is an update
// of the broader one (https://huggingface.co/docs/hub/webhooks).
func (t trigger) matches(e hub.Event) bool {
	action := e.Action
	if e.Scope != t.scope {
		if !within(e.Scope, t.scope) {
			return false
		}
		action = "update"
	}
	return t.action == "" || t.action == action
}

// within tells whether scope is broad or below it.
func within(scope, broad string) bool {
	return scope == broad || strings.HasPrefix(scope, broad+".")
}

// decodeOn reads `on` in all its forms.
func (dr *draft) decodeOn(n *yaml.Node) {
	dr.exprs.on = n
	dr.rule.onLine = n.Line
	for _, e := range dr.list(n) {
		switch {
		case e.Kind != yaml.MappingNode:
			dr.onText(e)
		case hasKey(e, "command"):
			if n.Kind == yaml.SequenceNode {
				dr.errorf(e, "on: a command stands alone; make a rule of its own for the other events")
			}
			dr.object(e, "on", commandOnKeys(dr))
		default:
			var t trigger
			dr.object(e, "on", triggerKeys(&t))
			dr.addTrigger(e, t)
		}
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		dr.errorf(n, "on must name at least one event")
	}
}

func hasKey(n *yaml.Node, name string) bool { return valueNode(n, name) != n }

func (dr *draft) onText(n *yaml.Node) {
	s := dr.scope(n, "on")
	t := trigger{scope: s}
	if i := strings.LastIndexByte(s, '.'); i > 0 && slices.Contains(eventActions, s[i+1:]) {
		t = trigger{s[:i], s[i+1:]}
	}
	dr.addTrigger(n, t)
}

// scope reads a scope, "" when it is none.
func (d *decoder) scope(n *yaml.Node, what string) string {
	s, ok := d.constant(n, what)
	if ok && !scopeForm.MatchString(s) {
		d.errorf(n, "%s: %q is no scope; write one such as repo.content or discussion.comment.create", what, s)
		return ""
	}
	return s
}

func (dr *draft) addTrigger(n *yaml.Node, t trigger) {
	if t.scope == "" { // that was reported
		return
	}
	root, _, _ := strings.Cut(t.scope, ".")
	if root != "repo" && root != "discussion" && misspelt(t) == "" {
		dr.warnf(n, "on: the Hub has no scope %q that is known; scopes: %s", t.scope, strings.Join(scopes, ", "))
	}
	if near := misspelt(t); near != "" {
		dr.warnf(n, "on: the Hub has no event %s that is known (did you mean %q?)", t, near)
	}
	dr.rule.on = append(dr.rule.on, t)
}

// misspelt is the event that an unknown one was probably meant to be, "" when it may well be one. New scopes come below
// those that are known, so such a one is nothing to warn of.
func misspelt(t trigger) string {
	var names []string
	for _, scope := range scopes {
		if scope != "repo" && scope != "discussion" && within(t.scope, scope) || t.scope == scope {
			return ""
		}
		names = append(names, scope)
		for _, action := range eventActions {
			names = append(names, scope+"."+action)
		}
	}
	return near.Best(t.String(), names)
}

func triggerKeys(t *trigger) []key {
	return []key{
		{
			name: "scope", doc: "A scope such as repo.content.", required: true, schema: textSchema,
			decode: func(d *decoder, n *yaml.Node) { t.scope = d.scope(n, "on.scope") },
		},
		{
			name: "action", doc: "What happened; any without.", schema: enumSchema(eventActions...),
			decode: func(d *decoder, n *yaml.Node) {
				t.action, _ = d.constant(n, "on.action")
				if t.action != "" && !slices.Contains(eventActions, t.action) {
					d.errorf(n, "on.action must be one of %s, got %q", strings.Join(eventActions, ", "), t.action)
				}
			},
		},
	}
}

func commandOnKeys(dr *draft) []key {
	return []key{{
		name: "command", doc: "A slash command in a comment.", required: true,
		schema: objectSchema(func() []key { return commandKeys(&Command{}) }),
		decode: func(d *decoder, n *yaml.Node) {
			dr.rule.Command = &Command{Allow: []string{"write"}}
			dr.exprs.command = n
			d.object(n, "command", commandKeys(dr.rule.Command))
			dr.rule.on = []trigger{{"discussion.comment", "create"}, {"discussion", "create"}}
		},
	}}
}
