package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Download opens a file at a revision for reading from offset; n < 0 reads to the end. LFS content is followed to
// where it is kept. An offset behind the end is an [*Error] with status 416.
//
// GET /{repo}/resolve/{rev}/{path}
func (c *Client) Download(
	ctx context.Context, repo RepoRef, revision, path string, offset, n int64,
) (io.ReadCloser, error) {
	if n == 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	content, _, err := c.openRange(ctx, resolvePath(repo, revision, path), offset, n)
	if offset == 0 && hasStatus(err, http.StatusRequestedRangeNotSatisfiable) {
		return io.NopCloser(bytes.NewReader(nil)), nil // no byte can be had of an empty file
	}
	return content, err
}

func resolvePath(repo RepoRef, revision, path string) string {
	return repo.WebPath() + "/resolve/" + escapeRevision(revision) + "/" + escapePath(path)
}

// limitedBody is a body of which at most some bytes are read.
type limitedBody struct {
	io.Reader
	io.Closer
}

// openRange gets n bytes from offset (n < 0: to the end). It also returns the size of the whole file, -1 if unknown.
func (c *Client) openRange(ctx context.Context, path string, offset, n int64) (io.ReadCloser, int64, error) {
	body, size, _, err := c.openRangeAt(ctx, c.url(path), offset, n)
	return body, size, err
}

// openRangeAt is openRange for an absolute address. It also returns the address that redirects led to.
func (c *Client) openRangeAt(
	ctx context.Context, address string, offset, n int64,
) (body io.ReadCloser, size int64, final *url.URL, err error) {
	if offset < 0 {
		return nil, 0, nil, fmt.Errorf("hub: negative offset %d in %s", offset, address)
	}
	r := call{method: http.MethodGet, url: address, kind: kindResolve, idempotent: true}
	if at, err := url.Parse(address); err != nil || !sameOrigin(at, c.endpoint) {
		r.anonymous = true
	}
	ranged := offset > 0 || n > 0
	if ranged {
		r.rangeHeader = fmt.Sprintf("bytes=%d-", offset)
	}
	if n > 0 {
		r.rangeHeader += strconv.FormatInt(offset+n-1, 10)
	}
	resp, err := c.open(ctx, r)
	if err != nil {
		return nil, 0, nil, err
	}
	size = resp.ContentLength
	if ranged {
		if size, err = checkRange(resp, offset); err != nil {
			resp.Body.Close()
			return nil, 0, nil, fmt.Errorf("hub: GET %s: %w", cleanURL(resp.Request.URL), err)
		}
	}
	if n < 0 {
		return resp.Body, size, resp.Request.URL, nil
	}
	return limitedBody{io.LimitReader(resp.Body, n), resp.Body}, size, resp.Request.URL, nil
}

// contentRange is the header of a part of a file: "bytes 0-99/1234", the size being "*" when unknown.
var contentRange = regexp.MustCompile(`^bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)$`)

// checkRange makes sure that the answer is the part that was asked for, and returns the whole file's size.
func checkRange(resp *http.Response, offset int64) (int64, error) {
	if resp.StatusCode != http.StatusPartialContent {
		return 0, fmt.Errorf("asked for a part of the file and got status %d, not 206", resp.StatusCode)
	}
	found := contentRange.FindStringSubmatch(resp.Header.Get("Content-Range"))
	if found == nil || found[1] != strconv.FormatInt(offset, 10) {
		return 0, fmt.Errorf("asked for the file from byte %d and got another part, %q", offset,
			shorten(resp.Header.Get("Content-Range"), 100))
	}
	size, err := strconv.ParseInt(found[2], 10, 64)
	if err != nil {
		return -1, nil //nolint:nilerr // "*": the server does not know the size
	}
	return size, nil
}

// commitID is a full git commit id.
var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// FileInfo is what the Hub says of a file without sending it.
type FileInfo struct {
	Commit string // that the revision names; empty when the Hub does not tell
	ETag   string // SHA-256 of LFS content, SHA-1 of the git blob of other files; empty when the Hub does not tell
	Size   int64  // bytes of the content
}

// FileInfo reads what the Hub says of a file.
//
// HEAD /{repo}/resolve/{rev}/{path}
func (c *Client) FileInfo(ctx context.Context, repo RepoRef, revision, path string) (*FileInfo, error) {
	info, _, err := c.fileInfo(ctx, repo, revision, path)
	return info, err
}

// fileInfo is FileInfo, and the address that redirects within the Hub led to.
func (c *Client) fileInfo(
	ctx context.Context, repo RepoRef, revision, path string,
) (*FileInfo, *url.URL, error) {
	r := call{
		method: http.MethodHead, url: c.url(resolvePath(repo, revision, path)), kind: kindResolve, idempotent: true,
		noFollow: true, // the size of a large file stands in the redirect to it
	}
	resp, err := c.open(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	resp.Body.Close()
	info := &FileInfo{}
	if info.Size, err = fileSize(resp); err != nil {
		return nil, nil, fmt.Errorf("hub: HEAD %s: %w", r.url, err)
	}
	if commit := resp.Header.Get("X-Repo-Commit"); commitID.MatchString(commit) {
		info.Commit = commit
	}
	etag := resp.Header.Get("X-Linked-Etag")
	if etag == "" {
		etag = resp.Header.Get("ETag")
	}
	info.ETag = shorten(strings.Trim(strings.TrimPrefix(etag, "W/"), `"`), 200)
	return info, resp.Request.URL, nil
}

// OpenFile gives random access to a file at a revision over ranged requests. The revision is pinned to the commit that
// it names now, so that all parts are of one version. The context holds for all reading.
//
// HEAD /{repo}/resolve/{rev}/{path}
func (c *Client) OpenFile(ctx context.Context, repo RepoRef, revision, path string) (*RemoteFile, error) {
	info, found, err := c.fileInfo(ctx, repo, revision, path)
	if err != nil {
		return nil, err
	}
	if info.Commit != "" {
		revision = info.Commit
	}
	// Of a redirect that leads out of the Hub, only a GET makes use.
	return newRemoteFile(ctx, c, resolvePath(repo, revision, path), info.Size, found), nil
}

// fileSize reads a file's size from the headers of resolve.
func fileSize(resp *http.Response) (int64, error) {
	if linked := resp.Header.Get("X-Linked-Size"); linked != "" {
		size, err := strconv.ParseInt(linked, 10, 64)
		if err != nil || size < 0 {
			return 0, fmt.Errorf("malformed X-Linked-Size %q", shorten(linked, 40))
		}
		return size, nil
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength < 0 {
		return 0, errors.New("the answer does not tell the size of the file")
	}
	return resp.ContentLength, nil
}
