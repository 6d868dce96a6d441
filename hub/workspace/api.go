package workspace

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

// indexByAPI lists the files over HTTP, after git failed with gitErr.
func indexByAPI(ctx context.Context, opts Options, gitErr error) (map[string]*file, error) {
	files := map[string]*file{}
	count := 0
	for entry, err := range opts.Client.Tree(ctx, opts.Repo, opts.SHA) {
		if err != nil {
			return nil, apiError(ctx, err, gitErr)
		}
		if count++; count > opts.Limits.Files {
			return nil, fmt.Errorf("%w: the tree has more than %d entries", ErrTooLarge, opts.Limits.Files)
		}
		if entry.Type != "file" || !cleanPath(entry.Path) {
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
	case errors.As(err, &answer) && answer.Code == "RevisionNotFound",
		hub.IsNotFound(err) && errors.Is(gitErr, errNotOurRef):
		return ErrSuperseded
	}
	return fmt.Errorf("%w (after git failed: %w)", err, gitErr)
}
