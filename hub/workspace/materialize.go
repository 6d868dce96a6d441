package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/bmatcuk/doublestar/v4"
)

// MaterializeOptions say which files are written to disk.
type MaterializeOptions struct {
	// Patterns choose files by their path, as doublestar globs ("**/*.py"). None means all.
	Patterns []string
	// LFS writes the content of LFS files too; else their pointers are written, as git does.
	LFS bool
	// MaxBytes bounds all files together; 0 means DefaultBytes. More is ErrTooLarge.
	MaxBytes int64
}

// Materialize writes files into a folder of the workspace and returns it; the caller closes the root, and the folder
// ends with the workspace. What a stranger named a file cannot lead out of the root, and no links are made. Files that
// are there from an earlier call are left as they are.
func (w *Workspace) Materialize(ctx context.Context, opts MaterializeOptions) (_ *os.Root, err error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultBytes
	}
	for _, pattern := range opts.Patterns {
		if !doublestar.ValidatePattern(pattern) {
			return nil, fmt.Errorf("workspace: %q is no pattern of paths", pattern)
		}
	}
	dir := filepath.Join(w.opts.Dir, "files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	if err := w.writeFiles(ctx, root, opts); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func (w *Workspace) writeFiles(ctx context.Context, root *os.Root, opts MaterializeOptions) error {
	left := opts.MaxBytes
	for entry, err := range w.List(ctx) {
		if err != nil {
			return err
		}
		if !chosen(entry.Path, opts.Patterns) {
			continue
		}
		size := entry.Size
		if entry.LFS != nil && !opts.LFS {
			size = maxPointer
		}
		if left -= size; left < 0 {
			return fmt.Errorf("%w: the files have more than %d bytes", ErrTooLarge, opts.MaxBytes)
		}
		if err := w.writeFile(ctx, root, entry, opts.LFS); err != nil {
			return fmt.Errorf("workspace: write %s: %w", entry.Path, err)
		}
	}
	return nil
}

func chosen(name string, patterns []string) bool {
	for _, pattern := range patterns {
		if doublestar.MatchUnvalidated(pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}

// writeFile writes one file, which must not be there yet.
func (w *Workspace) writeFile(ctx context.Context, root *os.Root, entry Entry, lfs bool) (err error) {
	if folder := path.Dir(entry.Path); folder != "." {
		if err := root.MkdirAll(filepath.FromSlash(folder), 0o700); err != nil {
			return err
		}
	}
	mode := os.FileMode(0o600)
	if entry.Executable {
		mode = 0o700
	}
	name := filepath.FromSlash(entry.Path)
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, os.ErrExist) {
		if info, statErr := root.Lstat(name); statErr == nil && info.Mode().IsRegular() && w.wasWritten(entry.Path) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, root.Remove(name)) // half a file is worse than none
		} else {
			w.written(entry.Path)
		}
	}()
	if entry.LFS != nil && !lfs {
		_, err := out.WriteString(entry.LFS.pointer())
		return err
	}
	content, err := w.Open(ctx, entry.Path)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(out, io.NewSectionReader(content, 0, content.Size()))
	return err
}

func (w *Workspace) wasWritten(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.onDisk[path]
}

func (w *Workspace) written(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onDisk == nil {
		w.onDisk = map[string]bool{}
	}
	w.onDisk[path] = true
}
