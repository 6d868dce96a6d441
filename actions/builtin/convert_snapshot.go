package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// maxTree bounds the entries of a repository that are looked at.
const maxTree = 100_000

// snapshot is a repository at one commit, of which only what is asked for is transferred.
type snapshot struct {
	rt     *actions.Runtime
	repo   hub.RepoRef
	sha    string                   // the commit
	branch string                   // the ref it was the head of; empty for main
	files  map[string]hub.TreeEntry // by path, after list
}

// takeSnapshot finds the repository and the commit that a step works at.
func takeSnapshot(ctx context.Context, rt *actions.Runtime, target actions.Target) (*snapshot, error) {
	repo, err := target.Resolve(rt)
	if err != nil {
		return nil, err
	}
	s := &snapshot{rt: rt, repo: repo}
	if rt.IsEvent(repo) {
		s.sha, s.branch = rt.SHA, rt.Ref
		if d := rt.Event.Discussion; s.branch == "" && d != nil && d.IsPullRequest {
			s.branch = fmt.Sprintf("refs/pr/%d", d.Num)
		}
	}
	if s.sha != "" {
		return s, nil
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, s.revision())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", repo, err)
	}
	s.sha = info.SHA
	return s, nil
}

// revision is the branch as the API names it; empty for main.
func (s *snapshot) revision() string {
	return strings.TrimPrefix(strings.TrimPrefix(s.branch, "refs/heads/"), "refs/tags/")
}

// superseded is the error for a commit that is no longer the head.
func (s *snapshot) superseded(why string) error {
	return actions.Permanentf("superseded: commit %s of %s is out of date: %s", s.sha, s.repo, why)
}

// list reads which files there are.
func (s *snapshot) list(ctx context.Context) error {
	s.files = map[string]hub.TreeEntry{}
	for entry, err := range s.rt.Hub.Tree(ctx, s.repo, s.sha) {
		if hub.IsNotFound(err) {
			return s.superseded("it is gone")
		}
		if err != nil {
			return fmt.Errorf("list %s at %s: %w", s.repo, s.sha, err)
		}
		if len(s.files) == maxTree {
			return actions.Permanentf("%s has more than %d files", s.repo, maxTree)
		}
		if entry.Type == "file" && fs.ValidPath(entry.Path) {
			s.files[entry.Path] = entry
		}
	}
	return nil
}

// paths lists the files, sorted.
func (s *snapshot) paths() []string { return slices.Sorted(maps.Keys(s.files)) }

// open opens a file for reading by ranges.
func (s *snapshot) open(ctx context.Context, path string) (convert.File, error) {
	entry, ok := s.files[path]
	if !ok {
		return nil, fmt.Errorf("%s at %s: %s: %w", s.repo, s.sha, path, fs.ErrNotExist)
	}
	f, err := s.rt.Hub.OpenFile(ctx, s.repo, s.sha, path)
	if hub.IsNotFound(err) {
		return nil, s.superseded("it is gone")
	}
	if err != nil {
		return nil, err
	}
	if f.Size() != size(entry) {
		return nil, errors.Join(fmt.Errorf("%s has %d bytes, the Hub lists it with %d", path, f.Size(), size(entry)), f.Close())
	}
	return f, nil
}

// size is that of an entry's content.
func size(entry hub.TreeEntry) int64 {
	if entry.LFS != nil {
		return entry.LFS.Size
	}
	return entry.Size
}

// sum is the SHA-256 of a file: the Hub knows it for LFS files, others are small and read for it.
func (s *snapshot) sum(ctx context.Context, path string) (string, error) {
	if lfs := s.files[path].LFS; lfs != nil {
		return lfs.SHA256, nil
	}
	f, err := s.open(ctx, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, f.Size())); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// choose finds the groups of checkpoints of which a glob takes a file, and says why others are left alone.
func (s *snapshot) choose(globs []string, opts convert.Options) (groups []convert.Group, skipped []string) {
	all, left := convert.Choose(s.paths(), opts)
	for _, path := range slices.Sorted(maps.Keys(left)) {
		if taken(globs, path) {
			skipped = append(skipped, path+": "+left[path])
		}
	}
	for _, g := range all {
		if taken(globs, slices.Collect(maps.Keys(g.Files))...) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 && len(skipped) == 0 {
		why := "the repository holds no PyTorch weights"
		if len(globs) > 0 {
			why = "no PyTorch weights match " + strings.Join(globs, ", ")
		}
		skipped = []string{why}
	}
	return groups, skipped
}

// taken tells whether one of the globs takes one of the paths. No globs take all.
func taken(globs []string, paths ...string) bool {
	if len(globs) == 0 {
		return true
	}
	for _, glob := range globs {
		if slices.ContainsFunc(paths, func(path string) bool { return doublestar.MatchUnvalidated(glob, path) }) {
			return true
		}
	}
	return false
}

// checkGlobs finds patterns that are none.
func checkGlobs(globs []string) error {
	for _, glob := range globs {
		if !doublestar.ValidatePattern(glob) {
			return fmt.Errorf("files: %q is no glob", glob)
		}
	}
	return nil
}
