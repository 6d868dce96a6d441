package hub

import (
	"context"
	"net/http"
)

// CreateBranch makes a branch at a revision (empty: main). One that exists is an error for which [IsConflict] is true.
//
// POST /api/{type}s/{name}/branch/{branch}
func (c *Client) CreateBranch(ctx context.Context, repo RepoRef, branch, revision string) error {
	in := struct {
		StartingPoint string `json:"startingPoint,omitempty"`
	}{revision}
	return c.postJSON(ctx, repo.APIPath()+"/branch/"+escapeSegment(branch), in, nil)
}

// ResetBranch makes a branch at a revision (empty: main), or moves it there when it exists: what only the branch had is
// lost.
//
// POST /api/{type}s/{name}/branch/{branch}
func (c *Client) ResetBranch(ctx context.Context, repo RepoRef, branch, revision string) error {
	in := struct {
		StartingPoint string `json:"startingPoint,omitempty"`
		Overwrite     bool   `json:"overwrite"`
	}{revision, true}
	request, err := c.post(repo.APIPath()+"/branch/"+escapeSegment(branch), in)
	if err != nil {
		return err
	}
	request.idempotent = revision != "" && commitID.MatchString(revision)
	_, err = c.json(ctx, request, nil)
	return err
}

// DeleteBranch removes a branch.
//
// DELETE /api/{type}s/{name}/branch/{branch}
func (c *Client) DeleteBranch(ctx context.Context, repo RepoRef, branch string) error {
	return c.changeJSON(ctx, http.MethodDelete, repo.APIPath()+"/branch/"+escapeSegment(branch), nil, nil)
}

// CreateTag makes a tag at a revision (empty: main). One that exists is an error for which [IsConflict] is true. The
// message may be empty.
//
// POST /api/{type}s/{name}/tag/{rev}
func (c *Client) CreateTag(ctx context.Context, repo RepoRef, tag, revision, message string) error {
	in := struct {
		Tag     string `json:"tag"`
		Message string `json:"message,omitempty"`
	}{tag, message}
	return c.postJSON(ctx, repo.APIPath()+"/tag/"+escapeRevision(revision), in, nil)
}

// DeleteTag removes a tag.
//
// DELETE /api/{type}s/{name}/tag/{tag}
func (c *Client) DeleteTag(ctx context.Context, repo RepoRef, tag string) error {
	return c.changeJSON(ctx, http.MethodDelete, repo.APIPath()+"/tag/"+escapeSegment(tag), nil, nil)
}

// SuperSquash replaces the whole history of a branch by one commit, for good, and returns the commit's id.
//
// POST /api/{type}s/{name}/super-squash/{branch}
func (c *Client) SuperSquash(ctx context.Context, repo RepoRef, branch, message string) (string, error) {
	var out struct {
		ID string `json:"commitId"`
	}
	in := struct {
		Message string `json:"message,omitempty"`
	}{message}
	if err := c.postJSON(ctx, repo.APIPath()+"/super-squash/"+escapeRevision(branch), in, &out); err != nil {
		return "", err
	}
	c.wrote(ctx, Write{Kind: WriteCommit, Repo: repo, ID: out.ID})
	return out.ID, nil
}
