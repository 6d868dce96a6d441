package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(hubRename{}) }

// hubRename gives a discussion another title.
type hubRename struct{}

// renameIn is the inputs of hub.rename.
type renameIn struct {
	Title string `json:"title" required:"true" doc:"the new title; more than 200 characters are cut"`
	thread
}

// renameOut is the outputs of hub.rename.
type renameOut struct {
	Changed bool   `json:"changed" doc:"it had another title before"`
	Title   string `json:"title" doc:"the title as it is now"`
	Before  string `json:"before" doc:"the title as it was"`
}

// Spec implements actions.Action.
func (hubRename) Spec() actions.Spec {
	return actions.Spec{
		ID:         "hub.rename",
		Summary:    "Give a discussion or pull request another title.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteUnlessOwn,
		Idempotent: true,
		Example:    "uses: hub.rename\nwith: {title: \"[stale] ${{ discussion.title }}\"}",
	}
}

// Run implements actions.Action.
func (hubRename) Run(ctx context.Context, rt *actions.Runtime, in renameIn) (renameOut, error) {
	title, err := cleanTitle(in.Title)
	if err != nil {
		return renameOut{}, err
	}
	repo, d, err := in.read(ctx, rt)
	if err != nil {
		return renameOut{}, err
	}
	out := renameOut{Changed: d.Title != title, Title: title, Before: d.Title}
	if !out.Changed || rt.DryRun {
		return out, nil
	}
	if err := rt.Hub.RenameDiscussion(ctx, repo, d.Num, title); err != nil {
		return renameOut{}, fmt.Errorf("rename discussion %d of %s: %w", d.Num, repo, err)
	}
	return out, nil
}
