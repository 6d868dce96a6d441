package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sampleSize is how much of a file's start the Hub wants to see, in bytes.
const sampleSize = 512

// CommitFile is one change: Delete, OldPath, or Open with Size. Content is opened more than once (sample, hash, upload), and a
// reader that can seek is asked to.
type CommitFile struct {
	Path   string // with a slash at the end and Delete, a folder
	Size   int64  // in bytes; content of another size fails the commit
	Open   func() (io.ReadCloser, error)
	SHA256 string // hex; computed when empty and needed
	Delete bool
	Stored bool // the content is in the LFS store, see Client.Store; Open is not called
	// OldPath is where the file was before. Without Open and Stored it is moved as it is.
	OldPath string
}

// isMove tells whether the content stays as it is.
func (f CommitFile) isMove() bool { return f.OldPath != "" && f.Open == nil && !f.Delete && !f.Stored }

// deletion is the key of the commit's line that deletes the file.
func (f CommitFile) deletion() string {
	if strings.HasSuffix(f.Path, "/") {
		return "deletedFolder"
	}
	return "deletedFile"
}

// BytesFile makes a CommitFile of a small content.
func BytesFile(path string, content []byte) CommitFile {
	return CommitFile{
		Path: path,
		Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return readSeekNopCloser{bytes.NewReader(content)}, nil },
	}
}

type readSeekNopCloser struct{ *bytes.Reader }

func (readSeekNopCloser) Close() error { return nil }

// open opens the content at an offset.
func (f CommitFile) open(offset int64) (io.ReadCloser, error) {
	if f.Open == nil {
		return nil, fmt.Errorf("hub: commit of %s: the file has no content to open", f.Path)
	}
	content, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("hub: commit of %s: %w", f.Path, err)
	}
	if offset == 0 {
		return content, nil
	}
	if seeker, ok := content.(io.Seeker); ok {
		_, err = seeker.Seek(offset, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, content, offset)
	}
	if err != nil {
		content.Close()
		return nil, fmt.Errorf("hub: commit of %s: go to byte %d: %w", f.Path, offset, err)
	}
	return content, nil
}

// sample returns the first bytes.
func (f CommitFile) sample() ([]byte, error) {
	content, err := f.open(0)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	sample := make([]byte, min(f.Size, sampleSize))
	if _, err := io.ReadFull(content, sample); err != nil {
		return nil, fmt.Errorf("hub: commit of %s: read its start: %w", f.Path, err)
	}
	return sample, nil
}

// copyTo writes the whole content and insists on its size.
func (f CommitFile) copyTo(ctx context.Context, w io.Writer) error {
	content, err := f.open(0)
	if err != nil {
		return err
	}
	defer content.Close()
	n, err := io.Copy(w, io.LimitReader(contextReader{ctx, content}, f.Size+1))
	if err != nil {
		return fmt.Errorf("hub: commit of %s: %w", f.Path, err)
	}
	if n != f.Size {
		return fmt.Errorf("hub: commit of %s: the content is not the announced %d bytes long", f.Path, f.Size)
	}
	return nil
}

// hash returns the SHA-256 of the content as hex.
func (f CommitFile) hash(ctx context.Context) (string, error) {
	if f.SHA256 != "" {
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != sha256.Size {
			return "", errors.New("hub: commit of " + f.Path + ": its SHA256 is not 64 hex digits")
		}
		return f.SHA256, nil
	}
	sum := sha256.New()
	if err := f.copyTo(ctx, sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
