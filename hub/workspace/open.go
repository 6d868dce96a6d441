package workspace

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // it is git's hash, not ours to choose
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

// complete finds a file's size and whether it is an LFS pointer. The caller holds the lock.
func (w *Workspace) complete(ctx context.Context, f *file) error {
	size, err := w.objects.size(f.blob)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return w.completeByAPI(ctx, f)
	} else if err != nil {
		return err
	}
	f.entry.Size = size
	if size >= maxPointer {
		return nil
	}
	content, err := w.objects.read(f.blob, size)
	if err != nil {
		return err
	}
	if lfs := parsePointer(content); lfs != nil {
		f.entry.LFS, f.entry.Size = lfs, lfs.Size
	}
	return nil
}

// completeByAPI asks the Hub for the size of a blob that was too large for the pack. It is no pointer for certain.
func (w *Workspace) completeByAPI(ctx context.Context, f *file) error {
	content, err := w.opts.Client.OpenFile(ctx, w.opts.Repo, w.opts.SHA, f.entry.Path)
	if err != nil {
		return err
	}
	f.entry.Size, f.remote = content.Size(), true
	return content.Close()
}

// Open opens a file. The context bounds all reading of content that comes over HTTP.
func (w *Workspace) Open(ctx context.Context, path string) (File, error) {
	f, err := w.look(ctx, path)
	if err != nil {
		return nil, err
	}
	var opened File
	switch {
	case f.entry.LFS != nil || f.remote:
		opened, err = w.openRemote(ctx, f)
	case f.entry.Size > largeBlob:
		opened, err = w.openSpooled(ctx, f)
	default:
		var content []byte
		content, err = w.objects.read(f.blob, f.entry.Size)
		opened = memoryFile{bytes.NewReader(content)}
	}
	if err != nil {
		return nil, fmt.Errorf("workspace: open %s: %w", path, err)
	}
	return opened, nil
}

// memoryFile is a small file.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

// spooledFile is a large file on disk.
type spooledFile struct {
	*os.File
	size int64
}

func (f spooledFile) Size() int64 { return f.size }

func (w *Workspace) openSpooled(ctx context.Context, f *file) (File, error) {
	name, err := w.objects.spool(ctx, f.blob)
	if err != nil {
		return nil, err
	}
	content, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return spooledFile{content, f.entry.Size}, nil
}

// openRemote opens a content over HTTP.
func (w *Workspace) openRemote(ctx context.Context, f *file) (File, error) {
	content, err := w.opts.Client.OpenFile(ctx, w.opts.Repo, w.opts.SHA, f.entry.Path)
	if err != nil {
		if hub.IsNotFound(err) {
			err = fmt.Errorf("%w: %w", ErrSuperseded, err)
		}
		return nil, err
	}
	if content.Size() != f.entry.Size {
		err := fmt.Errorf("%w: it has %d bytes instead of %d", ErrCorrupt, content.Size(), f.entry.Size)
		return nil, errors.Join(err, content.Close())
	}
	if lfs := f.entry.LFS; lfs != nil {
		return &verifiedFile{RemoteFile: content, sum: sha256.New(), want: lfs.SHA256}, nil
	}
	sum := sha1.New()                               // #nosec G401 -- as above
	fmt.Fprintf(sum, "blob %d\x00", content.Size()) // git hashes a blob with this before it
	return &verifiedFile{RemoteFile: content, sum: sum, want: f.blob.String()}, nil
}
