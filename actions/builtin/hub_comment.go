package builtin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubComment{}) }

// maxComment is the greatest length of a comment, in UTF-16 units
// (https://huggingface.co/spaces/huggingface/openapi).
const maxComment = 65536

// hubComment comments on a discussion or pull request.
type hubComment struct{}

// commentIn is the inputs of hub.comment.
type commentIn struct {
	Body       string `json:"body" oneof:"text" doc:"the comment, in Markdown"`
	BodyFile   string `json:"body_file" oneof:"text" doc:"file beside the rules with the comment, taken as it is"`
	Discussion int    `json:"discussion" doc:"number of the discussion or pull request; the event's by default"`
	Key        string `json:"key" doc:"keep one comment for each key and discussion, edited in place"`
	actions.Target
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
			"for each key and discussion over all events, edited when its text changes.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example: "uses: hub.comment\nwith:\n  key: welcome\n" +
			"  body: \"Thank you for ${{ discussion.title }}!\"",
	}
}

// Run implements actions.Action.
func (hubComment) Run(ctx context.Context, rt *actions.Runtime, in commentIn) (commentOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return commentOut{}, err
	}
	num, err := in.number(rt, repo)
	if err != nil {
		return commentOut{}, err
	}
	marker := in.marker(rt)
	text, err := in.text(rt, marker)
	if err != nil {
		return commentOut{}, err
	}
	me, err := ownAccount(ctx, rt)
	if err != nil {
		return commentOut{}, err
	}
	discussion, err := rt.Hub.Discussion(ctx, repo, num)
	if err != nil {
		return commentOut{}, fmt.Errorf("read discussion %d of %s: %w", num, repo, err)
	}
	page := rt.Hub.RepoURL(repo) + "/discussions/" + strconv.Itoa(num)
	if old := findComment(discussion.Events, me, marker); old != nil {
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

// number is the discussion to comment on.
func (in commentIn) number(rt *actions.Runtime, repo hub.RepoRef) (int, error) {
	if in.Discussion < 0 {
		return 0, actions.Permanentf("discussion must be a positive number, got %d", in.Discussion)
	}
	if in.Discussion > 0 {
		return in.Discussion, nil
	}
	if rt.IsEvent(repo) && rt.Event.Discussion != nil {
		return rt.Event.Discussion.Num, nil
	}
	return 0, actions.Permanentf("the event has no discussion of %s: give discussion", repo)
}

// marker is the hidden last line by which the comment is found again. The run's key is hashed, since it is nobody
// else's business.
func (in commentIn) marker(rt *actions.Runtime) string {
	if in.Key != "" {
		return "<!-- hfbot:comment key=" + markerKey(in.Key) + " -->"
	}
	return "<!-- hfbot:comment key=" + hashKey(rt.Key) + " -->"
}

// text is the whole comment with its marker.
func (in commentIn) text(rt *actions.Runtime, marker string) (string, error) {
	body := in.Body
	if in.BodyFile != "" {
		if rt.Files == nil {
			return "", actions.Permanent(errors.New("body_file: there are no files beside the rules here: give body"))
		}
		content, err := rt.Files(in.BodyFile)
		if err != nil {
			return "", actions.Permanentf("read body_file: %w", err)
		}
		body = string(content)
	}
	body = strings.TrimSpace(strings.ToValidUTF8(body, "\uFFFD"))
	if body == "" {
		return "", actions.Permanent(errors.New("the comment is empty"))
	}
	text := body + "\n\n" + marker
	if n := len(utf16.Encode([]rune(text))); n > maxComment {
		return "", actions.Permanentf("the comment is %d characters long with its marker; the Hub takes %d", n, maxComment)
	}
	return text, nil
}

// findComment finds the newest comment of the account that ends with marker.
func findComment(events []hub.DiscussionEvent, me account, marker string) *hub.DiscussionEvent {
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i]; e.Type == "comment" && me.wrote(*e) && endsWith(e.Content, marker) {
			return e
		}
	}
	return nil
}
