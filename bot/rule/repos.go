package rule

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/internal/near"
)

// repos says which repositories a rule is for; what is empty is any.
type repos struct {
	types   []string
	names   []string
	notName []string
	owners  []string
	private *bool
	tags    tagFilter
	line    map[string]int // of each key
}

// tagFilter wants any, all and none of globs.
type tagFilter struct{ any, all, none []string }

func (f tagFilter) empty() bool { return len(f.any)+len(f.all)+len(f.none) == 0 }

// repoTypes are those known; the set is open.
var repoTypes = []string{"model", "dataset", "space", "bucket", "kernel"}

func reposKeys(dr *draft) []key {
	r := &dr.rule.repos
	r.line = map[string]int{}
	type reader func(*decoder, *yaml.Node, string) []string
	list := func(name, doc string, to *[]string, read reader) key {
		return key{name: name, doc: doc, schema: textsSchema, decode: func(d *decoder, n *yaml.Node) {
			r.line[name] = n.Line
			*to = read(d, n, "repos."+name)
		}}
	}
	return []key{
		list("type", "Types of repositories.", &r.types, (*decoder).repoTypes),
		list("name", "Globs of names, such as acme-lab/*.", &r.names, (*decoder).globs),
		list("not_name", "Globs of names that are left out.", &r.notName, (*decoder).globs),
		list("owner", "Names or ids of users and organisations.", &r.owners, (*decoder).owners),
		{
			name: "private", doc: "Only private or only public repositories.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) {
				r.line["private"] = n.Line
				v := d.boolean(n, "repos.private")
				r.private = &v
			},
		},
		{
			name: "tags", doc: "Globs of tags: a list means all of them.", schema: tagsSchema,
			decode: func(d *decoder, n *yaml.Node) {
				r.line["tags"] = n.Line
				dr.exprs.tags = n
				if n.Kind == yaml.MappingNode {
					d.object(n, "repos.tags", tagKeys(&r.tags))
					return
				}
				r.tags.all = d.globs(n, "repos.tags")
			},
		},
	}
}

func (d *decoder) owners(n *yaml.Node, what string) []string {
	d.notEmpty(n, what, "a name")
	return d.texts(n, what)
}

func (d *decoder) repoTypes(n *yaml.Node, what string) []string {
	d.notEmpty(n, what, "a type")
	types := d.texts(n, what)
	for _, t := range types {
		if best := near.Best(t, repoTypes); best != t && best != "" {
			d.errorf(n, "%s: unknown type %q (did you mean %q?)", what, t, best)
		}
	}
	return types
}

func tagKeys(f *tagFilter) []key {
	list := func(name, doc string, to *[]string) key {
		return key{name: name, doc: doc, schema: textsSchema, decode: func(d *decoder, n *yaml.Node) {
			*to = d.globs(n, "repos.tags."+name)
		}}
	}
	return []key{
		list("any", "At least one of these.", &f.any),
		list("all", "Each of these.", &f.all),
		list("none", "None of these.", &f.none),
	}
}

// matchName tells whether a repository's name matches a glob; * alone is any name.
func matchName(name, pattern string) bool { return pattern == "*" || expr.Glob(name, pattern) }

func matchAnyName(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchName(name, p) })
}

// matches tells whether a repository's tags are as wanted.
func (f tagFilter) matches(tags []string) bool {
	has := func(pattern string) bool {
		return slices.ContainsFunc(tags, func(tag string) bool { return expr.Glob(tag, pattern) })
	}
	if len(f.any) > 0 && !slices.ContainsFunc(f.any, has) || slices.ContainsFunc(f.none, has) {
		return false
	}
	return !slices.ContainsFunc(f.all, func(p string) bool { return !has(p) })
}

func (f tagFilter) String() string {
	var parts []string
	for _, p := range []struct {
		words string
		globs []string
	}{{"all of", f.all}, {"any of", f.any}, {"none of", f.none}} {
		if len(p.globs) > 0 {
			parts = append(parts, p.words+" "+strings.Join(p.globs, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
