package hub

import (
	"context"
	"strings"
)

// CreateDiscussionInput is a discussion to be opened.
type CreateDiscussionInput struct {
	Title       string // 3 to 200 characters
	Description string // Markdown, at most 65,536 characters
	PullRequest bool   // an empty draft pull request, to be filled by commits to refs/pr/N
}

// DiscussionRef names a discussion that was opened.
type DiscussionRef struct {
	Num int    `json:"num"`
	URL string `json:"url"`
}

// CreateDiscussion opens a discussion, or a draft pull request.
//
// POST /api/{type}s/{name}/discussions
func (c *Client) CreateDiscussion(
	ctx context.Context, repo RepoRef, in CreateDiscussionInput,
) (*DiscussionRef, error) {
	body := struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		PullRequest bool   `json:"pullRequest,omitempty"`
	}{in.Title, in.Description, in.PullRequest}
	ref := &DiscussionRef{}
	if err := c.postJSON(ctx, discussionsPath(repo), body, ref); err != nil {
		return nil, err
	}
	kind := WriteDiscussion
	if in.PullRequest {
		kind = WritePullRequest
	}
	c.wroteThread(ctx, kind, repo, ref.Num)
	return ref, nil
}

// Comment adds a comment in Markdown.
//
// POST /api/{type}s/{name}/discussions/{num}/comment
func (c *Client) Comment(ctx context.Context, repo RepoRef, num int, text string) (*DiscussionEvent, error) {
	var out struct {
		Message wireEvent `json:"newMessage"`
	}
	in := map[string]string{"comment": text}
	if err := c.postJSON(ctx, discussionPath(repo, num)+"/comment", in, &out); err != nil {
		return nil, err
	}
	return c.commented(ctx, repo, num, out.Message), nil
}

// EditComment replaces a comment's text.
//
// POST /api/{type}s/{name}/discussions/{num}/comment/{id}/edit
func (c *Client) EditComment(
	ctx context.Context, repo RepoRef, num int, commentID, text string,
) (*DiscussionEvent, error) {
	var out struct {
		Comment wireEvent `json:"updatedComment"`
	}
	path := discussionPath(repo, num) + "/comment/" + escapeSegment(strings.ToLower(commentID)) + "/edit"
	if err := c.postJSON(ctx, path, map[string]string{"content": text}, &out); err != nil {
		return nil, err
	}
	return c.commented(ctx, repo, num, out.Comment), nil
}

func (c *Client) commented(ctx context.Context, repo RepoRef, num int, in wireEvent) *DiscussionEvent {
	c.wrote(ctx, Write{Kind: WriteComment, Repo: repo, ID: in.ID, Num: num})
	event := in.event()
	return &event
}

// SetDiscussionStatus opens or closes a discussion; "open" publishes a draft pull request. The comment may be empty.
//
// POST /api/{type}s/{name}/discussions/{num}/status
func (c *Client) SetDiscussionStatus(ctx context.Context, repo RepoRef, num int, status, comment string) error {
	in := struct {
		Status  string `json:"status"`
		Comment string `json:"comment,omitempty"`
	}{status, comment}
	if err := c.postJSON(ctx, discussionPath(repo, num)+"/status", in, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WriteDiscussion, repo, num)
	return nil
}

// MergePullRequest merges an open pull request. The Hub refuses drafts. The comment may be empty.
//
// POST /api/{type}s/{name}/discussions/{num}/merge
func (c *Client) MergePullRequest(ctx context.Context, repo RepoRef, num int, comment string) error {
	in := struct {
		Comment string `json:"comment,omitempty"`
	}{comment}
	if err := c.postJSON(ctx, discussionPath(repo, num)+"/merge", in, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WritePullRequest, repo, num)
	return nil
}
