package builtin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// renew brings a pull request of an earlier commit up to date: the files that differ are committed to it, those that
// are no longer made are taken out, and then the description names the new commit. When that is interrupted, the
// description still names the old one, and the next attempt goes on.
func (c *conversion) renew(ctx context.Context, pr *hub.Discussion, done []converted, skipped []string) error {
	c.rt.Report(c.meter.total, c.meter.total, fmt.Sprintf("bringing pull request %d up to date", pr.Num))
	info, err := c.rt.Hub.RepoInfo(ctx, c.repo, pullRef(pr.Num))
	if err != nil {
		return fmt.Errorf("read pull request %d of %s: %w", pr.Num, c.repo, err)
	}
	in := hub.CommitInput{
		Revision: pullRef(pr.Num), Summary: "Convert again, from " + c.sha[:8], ParentCommit: info.SHA,
	}
	if in.Files, err = c.changes(ctx, info.SHA, done); err != nil {
		return err
	}
	if len(in.Files) > 0 {
		if _, err := c.rt.Hub.Commit(ctx, c.repo, in); err != nil {
			return fmt.Errorf("bring pull request %d of %s up to date: %w", pr.Num, c.repo, err)
		}
	}
	opening := openingComment(pr)
	if _, err := c.rt.Hub.EditComment(ctx, c.repo, pr.Num, opening.ID, c.description(done, skipped)); err != nil {
		return fmt.Errorf("describe pull request %d of %s: %w", pr.Num, c.repo, err)
	}
	return nil
}

// changes compares the files of the pull request with what they should be.
func (c *conversion) changes(ctx context.Context, sha string, done []converted) ([]hub.CommitFile, error) {
	want := map[string]converted{}
	for _, f := range done {
		want[f.Path] = f
	}
	var changes []hub.CommitFile
	for entry, err := range c.rt.Hub.Tree(ctx, c.repo, sha) {
		if err != nil {
			return nil, fmt.Errorf("list %s at %s: %w", c.repo, sha, err)
		}
		if f, wanted := want[entry.Path]; wanted {
			if entry.LFS != nil && entry.LFS.SHA256 == f.SHA256 {
				delete(want, entry.Path)
			}
			continue
		}
		if _, inMain := c.files[entry.Path]; entry.Type == "file" && !inMain && isOutput(entry.Path) {
			changes = append(changes, hub.CommitFile{Path: entry.Path, Delete: true})
		}
	}
	for _, f := range done {
		if _, differs := want[f.Path]; differs {
			changes = append(changes, f.CommitFile)
		}
	}
	return slices.Clip(changes), nil
}

// isOutput tells whether a path is of the kind that conversions write.
func isOutput(path string) bool {
	return strings.HasSuffix(path, ".safetensors") ||
		strings.Contains(path, ".safetensors.index.") && strings.HasSuffix(path, ".json")
}
