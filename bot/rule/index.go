package rule

import (
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// index finds the rules that an event could match without looking at the others. What the payload tells at once narrows
// them: the scope, the repository's type and its namespace. Tags are not in the payload, so they are no key of it.
type index map[indexKey][]int

// indexKey is a scope as written in a rule; typ and namespace are empty for rules that take any.
type indexKey struct{ scope, typ, namespace string }

// newIndex files each rule under every combination of its scopes, types and namespaces.
func newIndex(rules []*Rule) index {
	ix := index{}
	for i, r := range rules {
		for _, scope := range r.scopes() {
			for _, typ := range orAny(r.repos.types) {
				for _, ns := range namespaces(r.repos.names) {
					k := indexKey{scope, typ, ns}
					ix[k] = append(ix[k], i)
				}
			}
		}
	}
	return ix
}

// scopes are the scopes of a rule, each once.
func (r *Rule) scopes() []string {
	var list []string
	for _, t := range r.on {
		if !slices.Contains(list, t.scope) {
			list = append(list, t.scope)
		}
	}
	return list
}

func orAny(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// namespaces are what the globs of names can begin with; "" when one of them leaves that open.
func namespaces(globs []string) []string {
	var list []string
	for _, g := range globs {
		ns, _, ok := strings.Cut(g, "/")
		if !ok || strings.ContainsAny(g, ":") || strings.ContainsAny(ns, `*?[]{}\`) {
			return []string{""}
		}
		if !slices.Contains(list, ns) {
			list = append(list, ns)
		}
	}
	return orAny(list)
}

// candidates lists the rules, by position and in order, that an event may match.
func (ix index) candidates(p *hub.Payload) []int {
	var list []int
	ns := namespace(p.Repo.Name)
	for scope := p.Event.Scope; ; {
		for _, typ := range unique(string(p.Repo.Type)) {
			for _, n := range unique(ns) {
				list = append(list, ix[indexKey{scope, typ, n}]...)
			}
		}
		end := strings.LastIndexByte(scope, '.')
		if end < 0 {
			break
		}
		scope = scope[:end]
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// unique is a value and the empty one, which stands for any.
func unique(v string) []string {
	if v == "" {
		return []string{""}
	}
	return []string{v, ""}
}
