package hub

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"time"
)

// TreeEntry is one entry of a repository's tree.
type TreeEntry struct {
	Type string `json:"type"` // file or directory
	Path string `json:"path"`
	OID  string `json:"oid"`  // of the git object
	Size int64  `json:"size"` // bytes of the content, for LFS files too
	LFS  *LFS   `json:"lfs"`  // nil for plain files

	// LastCommit and Security are told by [Client.Folder] only, and may be nil there too.
	LastCommit *EntryCommit  `json:"lastCommit"`
	Security   *FileSecurity `json:"securityFileStatus"`
}

// EntryCommit is the last commit that changed an entry.
type EntryCommit struct {
	ID    string
	Title string
	Date  time.Time // zero: unknown
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *EntryCommit) UnmarshalJSON(raw []byte) error {
	var in struct {
		ID    string   `json:"id"`
		Title string   `json:"title"`
		Date  wireTime `json:"date"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	*e = EntryCommit{in.ID, in.Title, in.Date.Time}
	return nil
}

// FileSecurity is what the Hub's scanners say of a file.
type FileSecurity struct {
	Status string `json:"status"` // unscanned, safe, queued, error, caution, suspicious or unsafe
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

// Folder lists the entries of one folder at a revision (empty path: the top), with their last commits.
//
// GET /api/{type}s/{name}/tree/{rev}/{path}?expand=true
func (c *Client) Folder(ctx context.Context, repo RepoRef, revision, path string) iter.Seq2[TreeEntry, error] {
	address := repo.APIPath() + "/tree/" + escapeRevision(revision)
	if path != "" {
		address += "/" + escapePath(path)
	}
	return list[TreeEntry](ctx, c, c.get(address, url.Values{"recursive": {"false"}, "expand": {"true"}}))
}

// TreeSize adds up the sizes of the files below a folder, in bytes, LFS content included.
//
// GET /api/{type}s/{name}/treesize/{rev}/{path}
func (c *Client) TreeSize(ctx context.Context, repo RepoRef, revision, path string) (int64, error) {
	var out struct {
		Size int64 `json:"size"`
	}
	err := c.getJSON(ctx, repo.APIPath()+"/treesize/"+escapeRevision(revision)+"/"+escapePath(path), nil, &out)
	return out.Size, err
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
