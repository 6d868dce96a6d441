package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(hubClose{}) }

// hubClose closes or opens a discussion or pull request.
type hubClose struct{}

// closeIn is the inputs of hub.close.
type closeIn struct {
	thread
	Status  string `json:"status" enum:"closed,open" default:"closed" doc:"what it becomes; open also publishes a draft"`
	Comment string `json:"comment" doc:"what to say with it"`
}

// closeOut is the outputs of hub.close.
type closeOut struct {
	Changed bool   `json:"changed" doc:"it was not so before"`
	Status  string `json:"status" doc:"what it is now: open, closed, draft or merged"`
}

// Spec implements actions.Action.
func (hubClose) Spec() actions.Spec {
	return actions.Spec{
		ID:          "hub.close",
		Summary:     "Close a discussion or pull request, or open it again.",
		Description: "Does nothing, and says nothing, when it is so already. A merged pull request stays as it is.",
		Effect:      actions.HubWrite,
		Access:      actions.WriteUnlessOwn,
		Idempotent:  true,
		Example:     "uses: hub.close\nwith: {comment: \"Closed as spam.\"}",
	}
}

// Run implements actions.Action.
func (hubClose) Run(ctx context.Context, rt *actions.Runtime, in closeIn) (closeOut, error) {
	repo, d, err := in.read(ctx, rt)
	if err != nil {
		return closeOut{}, err
	}
	if d.Status == in.Status || d.Status == "merged" {
		return closeOut{Status: d.Status}, nil
	}
	if rt.DryRun {
		return closeOut{Changed: true, Status: in.Status}, nil
	}
	if err := rt.Hub.SetDiscussionStatus(ctx, repo, d.Num, in.Status, in.Comment); err != nil {
		return closeOut{}, fmt.Errorf("set discussion %d of %s to %s: %w", d.Num, repo, in.Status, err)
	}
	return closeOut{Changed: true, Status: in.Status}, nil
}
