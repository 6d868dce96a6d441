package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(hubBranch{}) }

// hubBranch makes or removes a branch.
type hubBranch struct{}

// branchIn is the inputs of hub.branch.
type branchIn struct {
	Branch   string `json:"branch" required:"true" doc:"name of the branch"`
	Revision string `json:"revision" doc:"commit, branch or tag it begins at; the event's commit by default, else main"`
	Delete   bool   `json:"delete" doc:"remove the branch instead"`
	actions.Target
}

// Validate implements actions.Validator.
func (in *branchIn) Validate() error {
	if in.Delete && in.Branch == "main" {
		return fmt.Errorf("the branch main cannot be removed")
	}
	return checkRefName("branch", in.Branch)
}

// Spec implements actions.Action.
func (hubBranch) Spec() actions.Spec {
	return actions.Spec{
		ID:          "hub.branch",
		Summary:     "Make or remove a branch.",
		Description: "A branch that exists is left where it is, since it may have commits of its own.",
		Effect:      actions.HubWrite,
		Access:      actions.WriteAccess,
		Idempotent:  true,
		Example:     "uses: hub.branch\nwith: {branch: \"before-${{ delivery.id }}\"}",
	}
}

// Run implements actions.Action.
func (hubBranch) Run(ctx context.Context, rt *actions.Runtime, in branchIn) (refOut, error) {
	repo, refs, err := refsOf(ctx, rt, in.Target)
	if err != nil {
		return refOut{}, err
	}
	old := commitOf(refs.Branches, in.Branch)
	if in.Delete {
		if old == "" || rt.DryRun {
			return refOut{Changed: old != ""}, nil
		}
		if err := rt.Hub.DeleteBranch(ctx, repo, in.Branch); err != nil {
			return refOut{}, fmt.Errorf("remove branch %s of %s: %w", in.Branch, repo, err)
		}
		return refOut{Changed: true}, nil
	}
	if old != "" {
		return refOut{Commit: old}, nil
	}
	commit, err := resolveRevision(ctx, rt, repo, in.Revision)
	if err != nil || rt.DryRun {
		return refOut{Changed: true, Commit: commit}, err
	}
	if err := rt.Hub.CreateBranch(ctx, repo, in.Branch, commit); err != nil {
		return refOut{}, fmt.Errorf("make branch %s of %s: %w", in.Branch, repo, err)
	}
	return refOut{Changed: true, Commit: commit}, nil
}
