package hub

import (
	"context"
	"net/http"
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
	c.wroteThread(ctx, kind, repo, ref.Num, true)
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
	return c.changeComment(ctx, repo, num, commentID, "edit", map[string]string{"content": text})
}

// HideComment hides a comment's text from everyone, for good.
//
// POST /api/{type}s/{name}/discussions/{num}/comment/{id}/hide
func (c *Client) HideComment(ctx context.Context, repo RepoRef, num int, commentID string) (*DiscussionEvent, error) {
	return c.changeComment(ctx, repo, num, commentID, "hide", nil)
}

// changeComment changes a comment; to do it twice is as good as once.
func (c *Client) changeComment(
	ctx context.Context, repo RepoRef, num int, commentID, how string, in any,
) (*DiscussionEvent, error) {
	var out struct {
		Comment wireEvent `json:"updatedComment"`
	}
	path := discussionPath(repo, num) + "/comment/" + escapeSegment(strings.ToLower(commentID)) + "/" + how
	if err := c.postIdempotent(ctx, path, in, &out); err != nil {
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
	request, err := c.post(discussionPath(repo, num)+"/status", in)
	if err != nil {
		return err
	}
	request.idempotent = comment == "" // a comment would be made twice
	if _, err := c.json(ctx, request, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WriteDiscussion, repo, num, false)
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
	c.wroteThread(ctx, WritePullRequest, repo, num, false)
	return nil
}

// RenameDiscussion changes the title of a discussion or pull request; 3 to 200 characters.
//
// POST /api/{type}s/{name}/discussions/{num}/title
func (c *Client) RenameDiscussion(ctx context.Context, repo RepoRef, num int, title string) error {
	return c.changeThread(ctx, repo, num, "/title", map[string]string{"title": title})
}

// PinDiscussion puts a discussion before all others, or takes it from there.
//
// POST /api/{type}s/{name}/discussions/{num}/pin
func (c *Client) PinDiscussion(ctx context.Context, repo RepoRef, num int, pinned bool) error {
	return c.changeThread(ctx, repo, num, "/pin", map[string]bool{"pinned": pinned})
}

// changeThread sets something of a discussion; to set it twice is as good as once.
func (c *Client) changeThread(ctx context.Context, repo RepoRef, num int, path string, in any) error {
	if err := c.postIdempotent(ctx, discussionPath(repo, num)+path, in, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WriteDiscussion, repo, num, false)
	return nil
}

// DeleteDiscussion removes a discussion or pull request for good.
//
// DELETE /api/{type}s/{name}/discussions/{num}
func (c *Client) DeleteDiscussion(ctx context.Context, repo RepoRef, num int) error {
	if err := c.changeJSON(ctx, http.MethodDelete, discussionPath(repo, num), nil, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WriteDiscussion, repo, num, false)
	return nil
}

// DeletePullRequestRef removes the git ref of a pull request that is closed or merged.
//
// DELETE /api/{type}s/{name}/discussions/{num}/ref
func (c *Client) DeletePullRequestRef(ctx context.Context, repo RepoRef, num int) error {
	if err := c.changeJSON(ctx, http.MethodDelete, discussionPath(repo, num)+"/ref", nil, nil); err != nil {
		return err
	}
	c.wroteThread(ctx, WritePullRequest, repo, num, false)
	return nil
}
