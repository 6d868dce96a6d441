package rule

import (
	"regexp"
	"slices"
	"strings"
)

// Interest is what a set of rules must hear of: what a webhook has to watch for them.
type Interest struct {
	Domains    []string // of events: repo, discussion
	Repos      []Repo   // named whole
	Namespaces []string // all repositories of a user or organisation
	Open       []string // ids of rules that leave open whose repositories they are for
}

// Repo is one repository. An empty Type stands for every type.
type Repo struct{ Type, Name string }

// objectID is the form of the Hub's ids; names never look like one.
var objectID = regexp.MustCompile(`^[0-9a-f]{24}$`)

// Interest gathers what the rules must hear of, without repetition, sorted.
func (s *Set) Interest() Interest {
	var in Interest
	for _, r := range s.Rules {
		for _, t := range r.on {
			domain, _, _ := strings.Cut(t.scope, ".")
			in.Domains = append(in.Domains, domain)
		}
		r.addInterest(&in)
	}
	in.Repos = slices.DeleteFunc(in.Repos, func(r Repo) bool {
		namespace, _, _ := strings.Cut(r.Name, "/")
		return slices.Contains(in.Namespaces, namespace)
	})
	slices.SortFunc(in.Repos, func(a, b Repo) int { return strings.Compare(a.Name+" "+a.Type, b.Name+" "+b.Type) })
	in.Repos = slices.Compact(in.Repos)
	for _, list := range []*[]string{&in.Domains, &in.Namespaces} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return in
}

// addInterest adds one rule's repositories. Names narrow more than owners, so owners count only where names leave the
// namespace open.
func (r *Rule) addInterest(in *Interest) {
	found := false
	for _, glob := range r.repos.names {
		namespace, name, ok := strings.Cut(glob, "/")
		switch {
		case !ok || strings.ContainsAny(namespace, `*?[]{}\`):
			found = false
		case strings.ContainsAny(name, `*?[]{}\`):
			in.Namespaces, found = append(in.Namespaces, namespace), true
			continue
		default:
			for _, typ := range orAny(r.repos.types) {
				in.Repos = append(in.Repos, Repo{typ, glob})
			}
			found = true
			continue
		}
		break
	}
	if !found {
		for _, owner := range r.repos.owners {
			if !objectID.MatchString(owner) {
				in.Namespaces, found = append(in.Namespaces, owner), true
			}
		}
	}
	if !found {
		in.Open = append(in.Open, r.ID)
	}
}

// Only is the set with one rule alone; nil when there is no rule with this id.
func (s *Set) Only(id string) *Set {
	i := slices.IndexFunc(s.Rules, func(r *Rule) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	one := *s
	one.Rules = s.Rules[i : i+1]
	one.index = newIndex(one.Rules)
	return &one
}
