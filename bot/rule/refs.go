package rule

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// mainRef is what a rule on repo.content looks at unless it says otherwise.
const mainRef = "refs/heads/main"

var mainOnly = []string{mainRef}

// convertRefs are written by the Hub's own converters after each push.
const convertRefs = "refs/convert/"

// refs are the git refs a rule is for.
type refs struct {
	globs   []string
	written bool // by the author, so that an event without refs fails them
	line    int
}

func (dr *draft) decodeRefs(n *yaml.Node) {
	dr.exprs.refs = n
	dr.rule.refs = refs{globs: dr.globs(n, "refs"), written: true, line: n.Line}
}

func (r refs) matches(ref string) bool { return matchAnyRef(ref, r.globs) }

func matchAnyRef(ref string, globs []string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return ref == g || expr.Glob(ref, g) })
}

// namesConvert tells whether the author asked for the converters' refs by name.
func (r refs) namesConvert() bool {
	return slices.ContainsFunc(r.globs, func(g string) bool { return strings.HasPrefix(g, convertRefs) })
}

// paths are globs over the changed paths.
type paths struct {
	any, none []string
	line      int
}

func (p paths) empty() bool { return len(p.any)+len(p.none) == 0 }

func pathsKeys(dr *draft) []key {
	p := &dr.rule.paths
	if dr.exprs.paths != nil {
		p.line = dr.exprs.paths.Line
	}
	return []key{
		{
			name: "any", doc: "At least one changed path matches one of these.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) { p.any = d.globs(n, "paths.any") },
		},
		{
			name: "none", doc: "No changed path matches any of these.", schema: textsSchema,
			decode: func(d *decoder, n *yaml.Node) { p.none = d.globs(n, "paths.none") },
		},
	}
}

// matches tells whether changed paths are as wanted, and names the path that decided.
func (p paths) matches(changed []string) (ok bool, path string) {
	first := func(globs []string) (string, bool) {
		for _, c := range changed {
			if slices.ContainsFunc(globs, func(g string) bool { return expr.Glob(c, g) }) {
				return c, true
			}
		}
		return "", false
	}
	if path, found := first(p.none); found {
		return false, path
	}
	if len(p.any) == 0 {
		return true, ""
	}
	path, ok = first(p.any)
	return ok, path
}

func (p paths) String() string {
	var parts []string
	if len(p.any) > 0 {
		parts = append(parts, "a changed path in "+strings.Join(p.any, ", "))
	}
	if len(p.none) > 0 {
		parts = append(parts, "no changed path in "+strings.Join(p.none, ", "))
	}
	return strings.Join(parts, "; ")
}
