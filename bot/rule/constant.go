package rule

import (
	"context"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// constant reads text that is known at load: ${{ }} in it may use vars only.
func (d *decoder) constant(n *yaml.Node, what string) (string, bool) {
	n = d.resolve(n)
	if !d.isText(n, what) {
		return "", false
	}
	if !expr.IsTemplate(n.Value) {
		return n.Value, true
	}
	env, err := d.envs.get(d.vars, nil, nil)
	if err != nil {
		d.errorf(n, "%v", err)
		return "", false
	}
	t, err := env.Template(n.Value)
	if err != nil {
		d.issues(n, what, err)
		return "", false
	}
	for _, p := range t.Programs() {
		for _, name := range p.Names() {
			if name != "vars" {
				d.errorf(n, "%s is fixed when the rules are loaded: ${{ }} may use vars there, not %s", what, name)
				return "", false
			}
		}
	}
	s, err := t.Text(context.Background(), &expr.Input{Body: []byte("{}"), Vars: d.vars})
	if err != nil {
		d.errorf(n, "%s: %v", what, err)
		return "", false
	}
	return s, true
}

// texts reads one constant or a list of them.
func (d *decoder) texts(n *yaml.Node, what string) []string {
	var list []string
	for _, e := range d.list(n) {
		if s, ok := d.constant(e, what); ok {
			list = append(list, s)
		}
	}
	return list
}

// globs reads patterns and refuses malformed ones.
func (d *decoder) globs(n *yaml.Node, what string) []string {
	var list []string
	for _, e := range d.list(n) {
		s, ok := d.constant(e, what)
		if !ok {
			continue
		}
		if s == "" || !expr.ValidGlob(s) {
			d.errorf(e, "%s: the pattern %q is malformed", what, s)
			continue
		}
		if strings.HasPrefix(s, "!") {
			d.warnf(e, "%s: the pattern %q takes ! as it is and excludes nothing; %s", what, s, excluding(what))
		}
		list = append(list, s)
	}
	d.notEmpty(n, what, "a pattern")
	return list
}

// excluding says how a pattern is excluded where others read one that begins with !.
func excluding(what string) string {
	switch root, _, _ := strings.Cut(what, "."); {
	case root == "paths":
		return "write it in paths.none"
	case strings.HasPrefix(what, "repos.tags"):
		return "write it in repos.tags.none"
	case root == "repos":
		return "write it in repos.not_name"
	}
	return "write a condition such as if: \"!glob(ref, 'refs/heads/x')\""
}

// notEmpty refuses a list without entries: whether its author means all or none is not to be guessed.
func (d *decoder) notEmpty(n *yaml.Node, what, entry string) {
	if n = d.resolve(n); n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.errorf(n, "%s is an empty list; take it out or write %s", what, entry)
	}
}
