package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"unicode/utf8"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

// maxCloned bounds the copy of a repository, in bytes.
const maxCloned = 8 << 30

// clone copies the repository at the event's commit into dir.
func (in execIn) clone(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, sha, dir string) (err error) {
	ws, err := workspace.Open(ctx, workspace.Options{
		Client: rt.Hub, Repo: repo, SHA: sha, Ref: eventRef(rt, repo), Dir: filepath.Join(rt.Dir, "git"),
		Cache: fetchedCommits(rt),
	})
	if err != nil {
		return fmt.Errorf("open %s at %s: %w", repo, sha, err)
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the working folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	left := int64(maxCloned)
	for entry, err := range ws.List(ctx) {
		if err != nil {
			return fmt.Errorf("list %s at %s: %w", repo, sha, err)
		}
		if left -= in.sizeOf(entry); left < 0 {
			return actions.Permanentf("the copy of %s would be larger than %d GiB", repo, maxCloned>>30)
		}
		if err := in.copyFile(ctx, ws, root, entry); err != nil {
			return fmt.Errorf("copy %q of %s: %w", entry.Path, repo, err)
		}
	}
	return nil
}

// sizeOf is how much of the copy an entry takes.
func (in execIn) sizeOf(entry workspace.Entry) int64 {
	if entry.LFS != nil && !matchesAny(in.LFS, entry.Path) {
		return 0
	}
	return entry.Size
}

// copyFile copies one file; of a large one that is not wanted it writes the pointer, as git does.
func (in execIn) copyFile(ctx context.Context, ws *workspace.Workspace, root *os.Root, entry workspace.Entry) (err error) {
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(entry.Path)), 0o700); err != nil {
		return err
	}
	to, err := root.OpenFile(filepath.FromSlash(entry.Path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if entry.LFS != nil && !matchesAny(in.LFS, entry.Path) {
		_, err = fmt.Fprintf(to, "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n",
			entry.LFS.SHA256, entry.LFS.Size)
		return err
	}
	from, err := ws.Open(ctx, entry.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	_, err = io.Copy(to, io.NewSectionReader(from, 0, from.Size()))
	return err
}

// collect reads the files that the program left behind. Links are not followed out of the folder.
func (in execIn) collect(dir string) (files map[string]string, err error) {
	if len(in.Collect) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the working folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	files = map[string]string{}
	left, seen := maxCollected, 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if seen++; seen > maxTreeFiles {
			return actions.Permanentf("collect: the working folder has more than %d files", maxTreeFiles)
		}
		if err != nil || !d.Type().IsRegular() || !matchesAny(in.Collect, name) {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(io.LimitReader(f, int64(left)+1))
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if left -= len(content); left < 0 {
			return actions.Permanentf("collect: the files are larger than %d KiB together", maxCollected>>10)
		}
		if !utf8.Valid(content) {
			return actions.Permanentf("collect: %q is no text", name)
		}
		files[name] = string(content)
		return nil
	})
	return files, err
}
