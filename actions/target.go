package actions

import (
	"fmt"
	"regexp"

	"github.com/hfbot/hfbot/hub"
)

// Target is the repository an action works on, by default the event's. Embed it in the inputs of Hub actions.
type Target struct {
	Repo     string `json:"repo" doc:"repository to work on, such as acme/tiny; the event's by default"`
	RepoType string `json:"repo_type" enum:"model,dataset,space" doc:"kind of the repository; the event's by default"`
}

// repoName is a repository name, with its owner except for a few old models. Letters, digits, "-", "_" and "." are
// allowed.
var repoName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$`)

// Resolve names the repository. A repository without a kind has the event's kind, or is a model.
func (t Target) Resolve(rt *Runtime) (hub.RepoRef, error) {
	ref := hub.RepoRef{Type: hub.Model}
	if rt.Event != nil {
		ref = rt.Event.Repo.Ref()
	}
	if t.Repo != "" {
		ref.Name = t.Repo
	}
	if t.RepoType != "" {
		ref.Type = hub.RepoType(t.RepoType)
	}
	if ref.Name == "" {
		return ref, Permanentf("the event names no repository: give repo")
	}
	if !repoName.MatchString(ref.Name) {
		return ref, Permanentf("%q is no repository name: want owner/name", ref.Name)
	}
	switch ref.Type {
	case hub.Model, hub.Dataset, hub.Space:
		return ref, nil
	}
	return ref, Permanent(fmt.Errorf("a %s has no git repository to work on", ref.Type))
}

// IsEvent tells whether ref is the repository the event is about, so that the event's commit and discussion are its.
func (rt *Runtime) IsEvent(ref hub.RepoRef) bool {
	return rt.Event != nil && rt.Event.Repo.Ref() == ref
}
