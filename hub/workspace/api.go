package workspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

// maxPathsInfo is up to how many known paths the Hub is asked for by name rather than for its list of all.
const maxPathsInfo = 100

// entries are what the Hub says of the files that are wanted.
func entries(ctx context.Context, opts Options) iter.Seq2[hub.TreeEntry, error] {
	if len(opts.Paths) == 0 || len(opts.Paths) > maxPathsInfo {
		return opts.Client.Tree(ctx, opts.Repo, opts.SHA)
	}
	return func(yield func(hub.TreeEntry, error) bool) {
		infos, err := opts.Client.PathsInfo(ctx, opts.Repo, opts.SHA, opts.Paths)
		if err != nil {
			yield(hub.TreeEntry{}, err)
			return
		}
		for _, info := range infos {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// indexByAPI lists the files over HTTP; gitErr is why not by git, nil when that was not tried.
func indexByAPI(ctx context.Context, opts Options, gitErr error) (map[string]*file, error) {
	files := map[string]*file{}
	count := 0
	for entry, err := range entries(ctx, opts) {
		if err != nil {
			return nil, apiError(ctx, err, gitErr)
		}
		if count++; count > opts.Limits.Files {
			return nil, fmt.Errorf("%w: the tree has more than %d entries", ErrTooLarge, opts.Limits.Files)
		}
		if entry.Type != "file" || !cleanPath(entry.Path) || len(opts.Paths) > 0 && !slices.Contains(opts.Paths, entry.Path) {
			continue
		}
		if err := checkDepth(entry.Path); err != nil {
			return nil, err
		}
		if files[entry.Path] != nil {
			return nil, fmt.Errorf("%w: it has two files named %q", ErrMalformed, entry.Path)
		}
		files[entry.Path] = apiFile(entry)
	}
	return files, nil
}

func apiFile(entry hub.TreeEntry) *file {
	f := &file{
		entry: Entry{Path: entry.Path, Size: entry.Size}, blob: plumbing.NewHash(entry.OID), known: true, remote: true,
	}
	if entry.LFS != nil {
		f.entry.LFS = &LFS{SHA256: entry.LFS.SHA256, Size: entry.LFS.Size}
		f.entry.Size = entry.LFS.Size
	}
	return f
}

// apiError decides what two failures mean. A commit that neither git nor the API has is gone.
func apiError(ctx context.Context, err, gitErr error) error {
	var answer *hub.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case gitErr == nil && (!errors.As(err, &answer) || answer.Code != "RevisionNotFound"):
		return err
	case errors.As(err, &answer) && answer.Code == "RevisionNotFound",
		hub.IsNotFound(err) && errors.Is(gitErr, errNotOurRef):
		return ErrSuperseded
	}
	return fmt.Errorf("%w (after git failed: %w)", err, gitErr)
}
