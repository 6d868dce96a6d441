package hub

import (
	"context"
	"iter"
	"net/url"
)

// TreeEntry is one entry of a repository's tree.
type TreeEntry struct {
	Type string `json:"type"` // file or directory
	Path string `json:"path"`
	OID  string `json:"oid"`  // of the git object
	Size int64  `json:"size"` // bytes of the content, for LFS files too
	LFS  *LFS   `json:"lfs"`  // nil for plain files
}

// LFS is a file's content that is stored outside of git.
type LFS struct {
	SHA256 string `json:"oid"` // hex
	Size   int64  `json:"size"`
}

// Tree lists all files and directories at a revision, page by page.
//
// GET /api/{type}s/{name}/tree/{rev}?recursive=true
func (c *Client) Tree(ctx context.Context, repo RepoRef, revision string) iter.Seq2[TreeEntry, error] {
	query := url.Values{"recursive": {"true"}, "expand": {"false"}}
	return list[TreeEntry](ctx, c, c.get(repo.APIPath()+"/tree/"+escapeRevision(revision), query))
}

// PathsInfo reads the entries of some paths at a revision. Paths that do not exist are left out of the answer.
//
// POST /api/{type}s/{name}/paths-info/{rev}
func (c *Client) PathsInfo(ctx context.Context, repo RepoRef, revision string, paths []string) ([]TreeEntry, error) {
	in := struct {
		Paths  []string `json:"paths"`
		Expand bool     `json:"expand"`
	}{paths, false}
	request, err := c.post(repo.APIPath()+"/paths-info/"+escapeRevision(revision), in)
	if err != nil {
		return nil, err
	}
	request.write, request.idempotent = false, true
	var entries []TreeEntry
	if _, err := c.json(ctx, request, &entries); err != nil {
		return nil, err
	}
	return entries, nil
}
