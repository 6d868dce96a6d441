package builtin

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubComment{}) }

// hubComment comments on a discussion or pull request.
type hubComment struct{}

// commentIn is the inputs of hub.comment.
type commentIn struct {
	prose
	thread
	Key      string `json:"key" doc:"keep one comment for each key and discussion, edited in place"`
	ReplyTo  string `json:"reply_to" doc:"id of a comment to quote first, such as ${{ comment.id }}"`
	Mentions string `json:"mentions" enum:"keep,defuse" default:"keep" doc:"defuse: names after @ are not notified"`
}

// commentOut is the outputs of hub.comment.
type commentOut struct {
	ID      string `json:"id" doc:"id of the comment; empty in a dry run that would make one"`
	URL     string `json:"url" doc:"address of the comment"`
	Created bool   `json:"created" doc:"the comment is new, not found from before"`
}

// Spec implements actions.Action.
func (hubComment) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.comment",
		Summary: "Comment on a discussion or pull request.",
		Description: "Before it writes, it looks whether the bot's own account has the comment already: the last line " +
			"of each comment is a hidden marker. So a retry makes no second comment. With `key` there is one comment " +
			"for each key and discussion over all events, edited when its text changes; one that a person hid stays as " +
			"it is. The Hub has no threads in a discussion, so `reply_to` quotes the beginning of a comment, with the " +
			"names after its @ defused. Where the text itself repeats what strangers wrote, `mentions: defuse` keeps " +
			"them from notifying others in the bot's name.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example: "uses: hub.comment\nwith:\n  key: welcome\n" +
			"  body: \"Thank you for ${{ discussion.title }}!\"",
	}
}

// Run implements actions.Action.
func (hubComment) Run(ctx context.Context, rt *actions.Runtime, in commentIn) (commentOut, error) {
	repo, num, err := in.resolve(rt)
	if err != nil {
		return commentOut{}, err
	}
	marker := keyMarker(rt, "comment", in.Key)
	text, err := in.text(rt, "comment", marker)
	if err != nil {
		return commentOut{}, err
	}
	_, discussion, err := in.read(ctx, rt)
	if err != nil {
		return commentOut{}, err
	}
	if text, err = in.finish(discussion, text, marker); err != nil {
		return commentOut{}, err
	}
	return upsertComment(ctx, rt, repo, discussion, num, text, marker)
}

// finish adds the quotation and defuses what should not notify.
func (in commentIn) finish(d *hub.Discussion, text, marker string) (string, error) {
	if in.Mentions == "defuse" {
		text = defuse(text)
	}
	if in.ReplyTo == "" {
		return text, nil
	}
	for i := range d.Events {
		if e := &d.Events[i]; e.Type == "comment" && strings.EqualFold(e.ID, in.ReplyTo) {
			return marked(quotation(e)+"\n\n"+strings.TrimSuffix(text, marker), "comment", marker)
		}
	}
	return "", actions.Permanentf("reply_to: discussion %d has no comment %q", d.Num, in.ReplyTo)
}

// upsertComment writes a comment, or edits the one with the marker when its text is another.
func upsertComment(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, d *hub.Discussion, num int, text, marker string,
) (commentOut, error) {
	me, err := ownAccount(ctx, rt)
	if err != nil {
		return commentOut{}, err
	}
	page := threadURL(rt, repo, num)
	if old := findComment(d.Events, me, marker); old != nil {
		out := commentOut{ID: old.ID, URL: page + "#" + old.ID}
		if old.Hidden || rt.DryRun || strings.TrimSpace(old.Content) == strings.TrimSpace(text) {
			return out, nil
		}
		if _, err := rt.Hub.EditComment(ctx, repo, num, old.ID, text); err != nil {
			return commentOut{}, fmt.Errorf("edit comment %s on discussion %d of %s: %w", old.ID, num, repo, err)
		}
		return out, nil
	}
	if rt.DryRun {
		return commentOut{URL: page, Created: true}, nil
	}
	written, err := rt.Hub.Comment(ctx, repo, num, text)
	if err != nil {
		return commentOut{}, fmt.Errorf("comment on discussion %d of %s: %w", num, repo, err)
	}
	return commentOut{ID: written.ID, URL: page + "#" + written.ID, Created: true}, nil
}
