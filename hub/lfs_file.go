package hub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LFSFile is a content in a repository's LFS store, which counts as its storage also when no branch names it any more.
type LFSFile struct {
	SHA256   string // hex
	Size     int64  // bytes
	Path     string // empty when nothing names it
	Ref      string // where it is to be found, such as "main"; empty when nothing names it
	PushedAt time.Time
}

type wireLFSFile struct {
	SHA256   string   `json:"oid"`
	Size     int64    `json:"size"`
	Path     string   `json:"filename"`
	Ref      string   `json:"ref"`
	PushedAt wireTime `json:"pushedAt"`
}

func (w wireLFSFile) file() LFSFile {
	return LFSFile{SHA256: w.SHA256, Size: w.Size, Path: w.Path, Ref: w.Ref, PushedAt: w.PushedAt.Time}
}

// LFSFiles lists what a repository has in the LFS store.
//
// GET /api/{type}s/{name}/lfs-files
func (c *Client) LFSFiles(ctx context.Context, repo RepoRef) iter.Seq2[LFSFile, error] {
	return convert(list[wireLFSFile](ctx, c, c.get(repo.APIPath()+"/lfs-files", nil)), wireLFSFile.file)
}

// DeleteLFSFile removes a content from a repository's LFS store for good. With rewrite, all commits that name it are
// replaced by commits without it, on all branches; else those go on to name what is gone.
//
// DELETE /api/{type}s/{name}/lfs-files/{sha256}?rewriteHistory={rewrite}
func (c *Client) DeleteLFSFile(ctx context.Context, repo RepoRef, sha256 string, rewrite bool) error {
	request, err := c.change(http.MethodDelete, repo.APIPath()+"/lfs-files/"+escapeSegment(sha256), nil)
	if err != nil {
		return err
	}
	request.query = url.Values{"rewriteHistory": {strconv.FormatBool(rewrite)}}
	_, err = c.json(ctx, request, nil)
	return err
}
