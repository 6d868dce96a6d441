package emulator

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

// pullRequestView is what a pull request's details have over those of a discussion. Clients rely on the first two.
type pullRequestView struct {
	Changes            *hub.DiscussionChanges `json:"changes"`
	FilesWithConflicts []string               `json:"filesWithConflicts"`
	Diff               string                 `json:"diff,omitempty"`
	DiffURL            string                 `json:"diffUrl,omitempty"`
}

// comparePullRequest adds conflicts and, when asked for, the diff. It reads the repository, so the talk's lock must not
// be held.
func (at place) comparePullRequest(view *pullRequestView, withDiff bool) error {
	head := plumbing.NewHash(view.Changes.HeadCommitID)
	base, ok := at.repo.head(view.Changes.Base)
	if merge := view.Changes.MergeCommitID; merge != "" {
		commit, err := at.repo.commit(plumbing.NewHash(merge))
		if err != nil {
			return fmt.Errorf("pull request %d: read its merge: %w", at.num, err)
		}
		base, ok = commit.ParentHashes[0], true
	}
	if !ok {
		return nil // the base branch is gone: nothing to compare with
	}
	from, err := at.repo.mergeBase(base, head)
	if err != nil {
		return fmt.Errorf("pull request %d: find its beginning: %w", at.num, err)
	}
	if view.Changes.MergeCommitID == "" {
		if view.FilesWithConflicts, err = at.repo.conflicts(from, base, head); err != nil {
			return fmt.Errorf("pull request %d: look for conflicts: %w", at.num, err)
		}
	}
	if withDiff {
		if view.Diff, err = at.repo.diff(from, head); err != nil {
			return fmt.Errorf("pull request %d: compare: %w", at.num, err)
		}
	}
	return nil
}

// conflicts lists the files that stand in the way of a merge; none is an empty list.
func (r *repo) conflicts(ancestor, base, head plumbing.Hash) ([]string, error) {
	var sides [3]map[string]treeFile
	for i, hash := range []plumbing.Hash{ancestor, base, head} {
		var err error
		if sides[i], err = r.files(hash); err != nil {
			return nil, err
		}
	}
	_, conflicts := mergeFiles(sides[0], sides[1], sides[2])
	return append([]string{}, conflicts...), nil
}
