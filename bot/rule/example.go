package rule

import (
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// Example is an event that a rule matches, as its test says.
type Example struct {
	Payload *hub.Payload
	Author  string   // the name of whoever did it; empty: the test gives none
	Role    string   // of the author on the repository
	Changed []string // the files, as far as the test gives them
}

// Examples are the events of the tests beside the rules, for each rule the first that it matches; the keys are ids of
// rules. Paths are those of the rules. Tests that cannot be read give no example: `hfbot test` tells what is wrong with
// them.
func Examples(paths []string, opts Options) map[string]Example {
	l := newLoader(opts)
	found := map[string]Example{}
	for _, name := range l.testFiles(paths) {
		f := l.readTests(name)
		if f == nil {
			continue
		}
		for _, c := range f.tests {
			p, err := hub.ParsePayload(c.event)
			if err != nil {
				continue
			}
			for _, id := range c.expect.matched {
				if _, known := found[id]; !known {
					found[id] = c.facts.example(p)
				}
			}
		}
	}
	return found
}

func (f testFacts) example(p *hub.Payload) Example {
	e := Example{Payload: p}
	if author, ok := f["author"].(map[string]any); ok {
		e.Author, _ = author["name"].(string)
		e.Role, _ = author["role"].(string)
	}
	changed, _ := f["changed"].([]any)
	for _, path := range changed {
		if text, ok := path.(string); ok {
			e.Changed = append(e.Changed, text)
		}
	}
	return e
}

// isFor tells whether the rule reacts to the example's event.
func (e Example) isFor(r *Rule) bool {
	if e.Payload == nil {
		return false
	}
	if r.Command != nil {
		return e.Payload.Event == hub.Event{Scope: "discussion.comment", Action: "create"}
	}
	return slices.ContainsFunc(r.on, func(t trigger) bool { return t.matches(e.Payload.Event) })
}

// like takes from an example what the rule's own words leave open.
func (t *Trial) like(r *Rule, e Example) {
	p := e.Payload
	if t.RepoName == "" {
		t.RepoName = p.Repo.Name
	}
	if len(r.repos.types) == 0 {
		t.RepoType = string(p.Repo.Type)
	}
	if p.Discussion != nil {
		t.Title, t.PullRequest = p.Discussion.Title, p.Discussion.IsPullRequest
	}
	if p.Comment != nil {
		t.Comment = p.Comment.Content
	}
	if t.Path == "" && len(e.Changed) > 0 {
		t.Path = e.Changed[0]
	}
	// Whoever may write is played by the user, who may; anybody else counts only for a rule that looks at who it is.
	if e.Role != "write" && e.Role != "admin" && strings.Contains(strings.Join(r.Source, "\n"), "author.") {
		t.Author = e.Author
	}
}
