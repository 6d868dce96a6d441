package builtin

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(hubHideComment{}) }

// hubHideComment hides a comment.
type hubHideComment struct{}

// hideIn is the inputs of hub.hide_comment.
type hideIn struct {
	Comment string `json:"comment" doc:"id of the comment; the event's by default"`
	thread
}

// hideOut is the outputs of hub.hide_comment.
type hideOut struct {
	Changed bool   `json:"changed" doc:"it was to be seen before"`
	ID      string `json:"id" doc:"id of the comment"`
	Author  string `json:"author" doc:"who wrote it"`
}

// Spec implements actions.Action.
func (hubHideComment) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.hide_comment",
		Summary: "Hide a comment.",
		Description: "A hidden comment cannot be brought back by the API, and its text is gone for readers. " +
			"Try a rule that hides with `hfbot test` or a dry run first.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteAccess,
		Idempotent: true,
		Example:    "uses: hub.hide_comment\nif: comment.content.contains('buy followers')\nwith: {comment: \"${{ comment.id }}\"}",
	}
}

// Run implements actions.Action.
func (hubHideComment) Run(ctx context.Context, rt *actions.Runtime, in hideIn) (hideOut, error) {
	if in.Comment == "" && rt.Event != nil && rt.Event.Comment != nil {
		in.Comment = rt.Event.Comment.ID
	}
	if in.Comment == "" {
		return hideOut{}, actions.Permanentf("the event has no comment: give comment")
	}
	repo, d, err := in.read(ctx, rt)
	if err != nil {
		return hideOut{}, err
	}
	for _, e := range d.Events {
		if e.Type != "comment" || !strings.EqualFold(e.ID, in.Comment) {
			continue
		}
		out := hideOut{Changed: !e.Hidden, ID: e.ID, Author: e.Author}
		if e.Hidden || rt.DryRun {
			return out, nil
		}
		if _, err := rt.Hub.HideComment(ctx, repo, d.Num, e.ID); err != nil {
			return hideOut{}, fmt.Errorf("hide comment %s on discussion %d of %s: %w", e.ID, d.Num, repo, err)
		}
		return out, nil
	}
	return hideOut{}, actions.Permanentf("discussion %d of %s has no comment %q", d.Num, repo, in.Comment)
}
