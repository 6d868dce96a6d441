package rule

import (
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// index finds the rules that an event could match without looking at the others. What the payload tells at once narrows
// them: the scope, the repository's type and name, and its tags where the payload has them. Where it does not, tags are
// a look-up, which is put off until the rest of a rule holds; then they are no key.
type index struct {
	all    map[indexKey][]int // by all but the tag
	tagged map[indexKey][]int // by the tag, too
}

// indexKey is a scope as written in a rule; what is empty stands for any. Name is "namespace/" or a whole name.
type indexKey struct{ scope, typ, name, tag string }

// newIndex files each rule under every combination of its scopes, types and names.
func newIndex(rules []*Rule) index {
	ix := index{all: map[indexKey][]int{}, tagged: map[indexKey][]int{}}
	for i, r := range rules {
		tag := r.repos.tags.required()
		for _, scope := range r.scopes() {
			for _, typ := range orAny(r.repos.types) {
				for _, name := range nameKeys(r.repos.names) {
					k := indexKey{scope: scope, typ: typ, name: name}
					ix.all[k] = append(ix.all[k], i)
					k.tag = tag
					ix.tagged[k] = append(ix.tagged[k], i)
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

// wild are the characters that make a glob more than a text.
const wild = `*?[]{}\`

// nameKeys are what the names that globs match can be filed under: the name itself, else its namespace; "" when one of
// the globs leaves that open.
func nameKeys(globs []string) []string {
	var list []string
	for _, g := range globs {
		key := g
		if strings.ContainsAny(g, wild+":") {
			ns, _, ok := strings.Cut(g, "/")
			if !ok || strings.ContainsAny(g, ":") || strings.ContainsAny(ns, wild) {
				return []string{""}
			}
			key = ns + "/"
		}
		if !slices.Contains(list, key) {
			list = append(list, key)
		}
	}
	return orAny(list)
}

// required is a tag that a repository must have to match, "" when no single one is.
func (f tagFilter) required() string {
	for _, tag := range f.all {
		if !strings.ContainsAny(tag, wild) {
			return tag
		}
	}
	if len(f.any) == 1 && !strings.ContainsAny(f.any[0], wild) {
		return f.any[0]
	}
	return ""
}

// candidates lists the rules, by position and in order, that an event may match.
func (ix index) candidates(p *hub.Payload) []int {
	var list []int
	names := []string{"", p.Repo.Name}
	if ns := namespace(p.Repo.Name); ns != "" {
		names = append(names, ns+"/")
	}
	for scope := p.Event.Scope; ; {
		for _, typ := range unique(string(p.Repo.Type)) {
			for _, name := range names {
				list = ix.find(list, indexKey{scope: scope, typ: typ, name: name}, p.Repo.Tags)
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

// find adds the rules under a key, those for other tags than the repository's left out when its tags are known.
func (ix index) find(list []int, k indexKey, tags []string) []int {
	if tags == nil {
		return append(list, ix.all[k]...)
	}
	list = append(list, ix.tagged[k]...)
	for _, k.tag = range tags {
		list = append(list, ix.tagged[k]...)
	}
	return list
}

// unique is a value and the empty one, which stands for any.
func unique(v string) []string {
	if v == "" {
		return []string{""}
	}
	return []string{v, ""}
}
