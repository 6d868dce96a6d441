package rule

import (
	"regexp"
	"slices"
	"strings"
)

// Trial is an event that a rule waits for, with names that its globs match, so that people can try the rule out. What
// `if` wants besides comes from an example; without one it is theirs to see to.
type Trial struct {
	RepoType    string   // model, dataset, …
	RepoName    string   // "ns/name"; empty: any
	Private     bool     // the repository must be
	Tags        []string // that the repository must have
	Scope       string
	Action      string // empty: any
	Ref         string // that must move, for repo.content
	Path        string // that must change; empty: any
	Comment     string // its text; empty: any
	Title       string // of the discussion; empty: any
	PullRequest bool   // rather than a discussion
	Author      string // who must do it; empty: whoever may write to the repository
}

// Trial is an event that the rule waits for, like the example as far as that is one for the rule.
func (r *Rule) Trial(example Example) Trial {
	t := Trial{
		RepoType: first(r.repos.types, "model"), RepoName: sample(first(r.repos.names, "")),
		Private: r.repos.private != nil && *r.repos.private, Path: sample(first(r.paths.any, "")),
		PullRequest: r.wantsPullRequest(),
	}
	for _, pattern := range slices.Concat(r.repos.tags.all, r.repos.tags.any[:min(1, len(r.repos.tags.any))]) {
		t.Tags = append(t.Tags, sample(pattern))
	}
	if len(r.on) > 0 {
		t.Scope, t.Action = r.on[0].scope, r.on[0].action
	}
	if r.Command != nil {
		t.Scope, t.Action, t.Comment = "discussion.comment", "create", r.Command.example()
	}
	if example.isFor(r) {
		t.Scope, t.Action = example.Payload.Event.Scope, example.Payload.Event.Action
		t.like(r, example)
	}
	if within(t.Scope, "repo.content") || t.Scope == "repo" && t.Action != "create" {
		t.Ref = sample(first(r.refs.globs, mainRef))
	}
	return t
}

// onPullRequest finds the plain wish for a pull request in a condition.
var onPullRequest = regexp.MustCompile(`(^|[^!\w.])discussion\.isPullRequest`)

// wantsPullRequest guesses from the rule's source.
func (r *Rule) wantsPullRequest() bool {
	return onPullRequest.MatchString(strings.Join(r.Source, "\n"))
}

// example is a use of the command with all that must be given.
func (c *Command) example() string {
	text := c.Name
	for _, a := range c.Args {
		if a.Required {
			text += " " + a.Name + "=" + first(a.Enum, map[string]string{"int": "1", "float": "1", "bool": "true"}[a.Type])
		}
	}
	return text
}

func first(list []string, otherwise string) string {
	if len(list) > 0 {
		return list[0]
	}
	return otherwise
}

var (
	globChoice = regexp.MustCompile(`\{([^{},]*)[^{}]*\}`)
	globClass  = regexp.MustCompile(`\[\^?!?(.)[^\]]*\]`)
)

// sample is a text that a glob matches, for the globs people write.
func sample(glob string) string {
	text := globChoice.ReplaceAllString(glob, "$1")
	text = globClass.ReplaceAllString(text, "$1")
	text = strings.ReplaceAll(text, "**/", "")
	if stem, ok := strings.CutSuffix(text, "*.bin"); ok {
		text = stem + "pytorch_model.bin" // what weights are called; model.convert leaves other .bin files alone
	}
	return strings.NewReplacer("**", "example", "*", "example", "?", "x").Replace(text)
}
