package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
)

// maxDownload bounds a checkpoint that is fetched from a URL, in bytes.
const maxDownload = 512 << 30

// source is a checkpoint to read at random. Close frees it.
type source struct {
	io.ReaderAt
	size  int64
	close func() error
}

// openSource opens a local file or an http or https URL.
func openSource(ctx context.Context, name string) (*source, error) {
	if u, err := url.Parse(name); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		return download(ctx, u)
	}
	return openFile(name)
}

func openFile(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the checkpoint: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open the checkpoint: %s is not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &source{ReaderAt: f, size: info.Size(), close: f.Close}, nil
}

// download fetches a URL into a temporary file that goes away on Close. A checkpoint is read at random, for which a
// server without ranges would have to send it again and again.
func download(ctx context.Context, u *url.URL) (s *source, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
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
	remove := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	n, err := io.Copy(f, io.LimitReader(resp.Body, maxDownload+1))
	if err == nil && n > maxDownload {
		err = errors.New("it is larger than 512 GiB")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fetch the checkpoint: %w", err), remove())
	}
	return &source{ReaderAt: f, size: n, close: remove}, nil
}
