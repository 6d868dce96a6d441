package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strconv"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// maxDownload bounds a checkpoint that is fetched from a server without ranges, in bytes.
const maxDownload = 512 << 30

// openURL takes a checkpoint from a web server: by ranges, or as a whole where the server knows none.
func openURL(ctx context.Context, u *url.URL) (*source, error) {
	base := path.Base(u.Path)
	if base == "/" || base == "." {
		base = "checkpoint.bin"
	}
	w := &webFile{url: u}
	size, err := w.probe(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch the checkpoint: %w", err)
	}
	return &source{
		files: []string{base}, groups: []convert.Group{{Files: map[string]string{base: outputName(base)}}}, remote: true,
		open: func(ctx context.Context, _ string) (convert.File, error) {
			if size < 0 {
				return download(ctx, u)
			}
			return hub.NewRemoteFile(size, func(offset, n int64) (io.ReadCloser, int64, error) {
				return w.get(ctx, offset, n)
			}), nil
		},
	}, nil
}

// webFile is a file on a web server.
type webFile struct {
	url  *url.URL
	etag string // of the version that is read; empty when the server tells none
}

// contentRange is the header of a part of a file: "bytes 0-99/1234".
var contentRange = regexp.MustCompile(`^bytes (\d{1,18})-\d{1,18}/(\d{1,18})$`)

// probe asks for one byte, which tells the size of the file; -1 when the server serves no ranges.
func (w *webFile) probe(ctx context.Context) (int64, error) {
	resp, err := w.request(ctx, "bytes=0-0")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	found := contentRange.FindStringSubmatch(resp.Header.Get("Content-Range"))
	switch {
	case resp.StatusCode == http.StatusPartialContent && found != nil:
		w.etag = resp.Header.Get("ETag")
		return strconv.ParseInt(found[2], 10, 64)
	case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return -1, nil // no ranges, or an empty file
	}
	return 0, fmt.Errorf("%s answered %s", w.url.Redacted(), resp.Status)
}

func (w *webFile) request(ctx context.Context, ranges string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url.String(), nil)
	if err != nil {
		return nil, err
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
		req.Header.Set("Accept-Encoding", "identity")
	}
	return http.DefaultClient.Do(req)
}

// get reads a range, and insists that it is of the version that was opened.
func (w *webFile) get(ctx context.Context, offset, n int64) (io.ReadCloser, int64, error) {
	resp, err := w.request(ctx, fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
	if err != nil {
		return nil, 0, err
	}
	found := contentRange.FindStringSubmatch(resp.Header.Get("Content-Range"))
	if resp.StatusCode != http.StatusPartialContent || found == nil || found[1] != strconv.FormatInt(offset, 10) {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("%s answered %s to a range", w.url.Redacted(), resp.Status)
	}
	if etag := resp.Header.Get("ETag"); etag != w.etag {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("%s changed while it was read", w.url.Redacted())
	}
	size, err := strconv.ParseInt(found[2], 10, 64)
	return resp.Body, size, err
}

// temporaryFile goes away when it is closed, if it was not taken away before.
type temporaryFile struct{ localFile }

func (f temporaryFile) Close() error {
	err := f.localFile.Close()
	if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// download fetches a URL into a temporary file.
func download(ctx context.Context, u *url.URL) (_ convert.File, err error) {
	resp, err := (&webFile{url: u}).request(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("fetch the checkpoint: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the checkpoint: %s answered %s", u.Redacted(), resp.Status)
	}
	f, err := os.CreateTemp("", "hfbot-*.checkpoint")
	if err != nil {
		return nil, fmt.Errorf("fetch the checkpoint: %w", err)
	}
	_ = os.Remove(f.Name()) // where an open file may lose its name: then a kill leaves nothing behind
	n, err := io.Copy(f, io.LimitReader(resp.Body, maxDownload+1))
	if err == nil && n > maxDownload {
		err = errors.New("it is larger than 512 GiB")
	}
	file := temporaryFile{localFile{f, n}}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fetch the checkpoint: %w", err), file.Close())
	}
	return file, nil
}
