package builtin

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubDiscussion{}) }

// hubDiscussion opens a discussion once.
type hubDiscussion struct{}

// discussionIn is the inputs of hub.discussion.
type discussionIn struct {
	Title string `json:"title" required:"true" doc:"title; more than 200 characters are cut"`
	prose
	Key    string `json:"key" doc:"keep one discussion for each key and repository; the run's own by default"`
	Update bool   `json:"update" default:"true" doc:"edit the first comment when its text changes"`
	Reopen bool   `json:"reopen" doc:"open it again when it is closed and its text changes"`
	actions.Target
}

// discussionOut is the outputs of hub.discussion.
type discussionOut struct {
	Discussion int    `json:"discussion" doc:"number of the discussion; 0 in a dry run that would open one"`
	URL        string `json:"url" doc:"address of the discussion"`
	Created    bool   `json:"created" doc:"it is new, not found from before"`
	Status     string `json:"status" doc:"open or closed"`
}

// Spec implements actions.Action.
func (hubDiscussion) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.discussion",
		Summary: "Open a discussion, once for each key.",
		Description: "The last line of the first comment is a hidden marker by which the bot finds its discussion " +
			"again, also when a person has changed the title. A discussion that was closed is left alone unless " +
			"`reopen` says otherwise: who closes it does not want it. The newest 50 discussions of the bot in the " +
			"repository are looked through.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example: "uses: hub.discussion\nwith:\n  key: card-review\n  title: \"[bot] Some fields of the model card are missing\"\n" +
			"  body: ${{ steps.card.outputs.report }}",
	}
}

// Run implements actions.Action.
func (hubDiscussion) Run(ctx context.Context, rt *actions.Runtime, in discussionIn) (discussionOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return discussionOut{}, err
	}
	title, err := cleanTitle(in.Title)
	if err != nil {
		return discussionOut{}, err
	}
	marker := keyMarker(rt, "discussion", in.Key)
	text, err := in.text(rt, "text", marker)
	if err != nil {
		return discussionOut{}, err
	}
	old, err := findThread(ctx, rt, repo, "discussion", marker)
	if err != nil {
		return discussionOut{}, err
	}
	if old != nil {
		return in.again(ctx, rt, repo, old, text)
	}
	if rt.DryRun {
		return discussionOut{URL: rt.Hub.RepoURL(repo) + "/discussions", Created: true, Status: "open"}, nil
	}
	opened, err := rt.Hub.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: title, Description: text})
	if err != nil {
		return discussionOut{}, fmt.Errorf("open a discussion of %s: %w", repo, err)
	}
	return discussionOut{
		Discussion: opened.Num, URL: threadURL(rt, repo, opened.Num), Created: true, Status: "open",
	}, nil
}

// again brings the discussion of before up to date.
func (in discussionIn) again(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, old *hub.Discussion, text string,
) (discussionOut, error) {
	out := discussionOut{Discussion: old.Num, URL: threadURL(rt, repo, old.Num), Status: old.Status}
	first := firstComment(old)
	same := strings.TrimSpace(first.Content) == strings.TrimSpace(text)
	if same || !in.Update || rt.DryRun || old.Status != "open" && !in.Reopen {
		return out, nil
	}
	// Opened before the text changes: cut off in between, the next try still sees another text.
	if old.Status != "open" {
		if err := rt.Hub.SetDiscussionStatus(ctx, repo, old.Num, "open", ""); err != nil {
			return out, fmt.Errorf("open discussion %d of %s again: %w", old.Num, repo, err)
		}
		out.Status = "open"
	}
	if _, err := rt.Hub.EditComment(ctx, repo, old.Num, first.ID, text); err != nil {
		return out, fmt.Errorf("edit discussion %d of %s: %w", old.Num, repo, err)
	}
	return out, nil
}
