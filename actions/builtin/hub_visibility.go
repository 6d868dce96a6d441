package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubVisibility{}) }

// hubVisibility makes a repository public or private.
type hubVisibility struct{}

// visibilityIn is the inputs of hub.visibility.
type visibilityIn struct {
	Visibility string `json:"visibility" required:"true" enum:"public,private" doc:"who may see the repository"`
	actions.Target
}

// visibilityOut is the outputs of hub.visibility.
type visibilityOut struct {
	Changed bool   `json:"changed" doc:"it was not so before"`
	Before  string `json:"before" doc:"what it was"`
}

// Spec implements actions.Action.
func (hubVisibility) Spec() actions.Spec {
	return actions.Spec{
		ID:         "hub.visibility",
		Summary:    "Make a repository public or private.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteAccess,
		Idempotent: true,
		Example:    "uses: hub.visibility\nif: steps.scan.outputs.found > 0\nwith: {visibility: private}",
	}
}

// Run implements actions.Action.
func (hubVisibility) Run(ctx context.Context, rt *actions.Runtime, in visibilityIn) (visibilityOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return visibilityOut{}, err
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, "")
	if err != nil {
		return visibilityOut{}, fmt.Errorf("read %s: %w", repo, err)
	}
	out := visibilityOut{Before: "public"}
	if info.Private {
		out.Before = "private"
	}
	out.Changed = out.Before != in.Visibility
	if !out.Changed || rt.DryRun {
		return out, nil
	}
	if err := rt.Hub.UpdateRepo(ctx, repo, hub.RepoSettings{Visibility: &in.Visibility}); err != nil {
		return visibilityOut{}, fmt.Errorf("make %s %s: %w", repo, in.Visibility, err)
	}
	return out, nil
}
