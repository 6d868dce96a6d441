package builtin

import (
	"context"
	"fmt"
	"slices"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubTag{}) }

// hubTag makes or removes a tag.
type hubTag struct{}

// tagIn is the inputs of hub.tag.
type tagIn struct {
	Tag      string `json:"tag" required:"true" doc:"name of the tag, such as v1.2"`
	Revision string `json:"revision" doc:"commit, branch or tag it points to; the event's commit by default, else main"`
	Message  string `json:"message" doc:"message of the tag"`
	Move     bool   `json:"move" doc:"move the tag when it points elsewhere; by default that is an error"`
	Delete   bool   `json:"delete" doc:"remove the tag instead"`
	actions.Target
}

// refOut is the outputs of hub.tag and hub.branch.
type refOut struct {
	Changed bool   `json:"changed" doc:"it was not so before"`
	Commit  string `json:"commit" doc:"commit it points to; empty when it is removed"`
}

// Validate implements actions.Validator.
func (in *tagIn) Validate() error { return checkRefName("tag", in.Tag) }

// Spec implements actions.Action.
func (hubTag) Spec() actions.Spec {
	return actions.Spec{
		ID:          "hub.tag",
		Summary:     "Make, move or remove a tag.",
		Description: "Does nothing when the tag points there already.",
		Effect:      actions.HubWrite,
		Access:      actions.WriteAccess,
		Idempotent:  true,
		Example:     "uses: hub.tag\nwith: {tag: \"v${{ card.?version.orValue('0') }}\", message: \"Released for ${{ repo.name }}\"}",
	}
}

// Run implements actions.Action.
func (hubTag) Run(ctx context.Context, rt *actions.Runtime, in tagIn) (refOut, error) {
	repo, refs, err := refsOf(ctx, rt, in.Target)
	if err != nil {
		return refOut{}, err
	}
	old := commitOf(refs.Tags, in.Tag)
	if in.Delete {
		return in.remove(ctx, rt, repo, old)
	}
	commit, err := resolveRevision(ctx, rt, repo, in.Revision)
	if err != nil {
		return refOut{}, err
	}
	out := refOut{Changed: old != commit, Commit: commit}
	switch {
	case !out.Changed:
		return out, nil
	case old != "" && !in.Move:
		return refOut{}, actions.Permanentf("tag %s of %s points to %s already: give move: true to move it", in.Tag, repo, old)
	case rt.DryRun:
		return out, nil
	case old != "":
		if err := rt.Hub.DeleteTag(ctx, repo, in.Tag); err != nil {
			return refOut{}, fmt.Errorf("remove tag %s of %s to move it: %w", in.Tag, repo, err)
		}
	}
	if err := rt.Hub.CreateTag(ctx, repo, in.Tag, commit, in.Message); err != nil {
		return refOut{}, fmt.Errorf("tag %s of %s as %s: %w", commit, repo, in.Tag, err)
	}
	return out, nil
}

// remove removes the tag if it is there.
func (in tagIn) remove(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, old string) (refOut, error) {
	if old == "" || rt.DryRun {
		return refOut{Changed: old != ""}, nil
	}
	if err := rt.Hub.DeleteTag(ctx, repo, in.Tag); err != nil {
		return refOut{}, fmt.Errorf("remove tag %s of %s: %w", in.Tag, repo, err)
	}
	return refOut{Changed: true}, nil
}

// refsOf reads the refs of the repository that a step works on.
func refsOf(ctx context.Context, rt *actions.Runtime, target actions.Target) (hub.RepoRef, *hub.Refs, error) {
	repo, err := target.Resolve(rt)
	if err != nil {
		return repo, nil, err
	}
	refs, err := rt.Hub.Refs(ctx, repo)
	if err != nil {
		return repo, nil, fmt.Errorf("read the refs of %s: %w", repo, err)
	}
	return repo, refs, nil
}

// commitOf is the commit that a ref of a name points to; empty when there is none.
func commitOf(refs []hub.Ref, name string) string {
	if i := slices.IndexFunc(refs, func(r hub.Ref) bool { return r.Name == name }); i >= 0 {
		return refs[i].TargetCommit
	}
	return ""
}
