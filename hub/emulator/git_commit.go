package emulator

import (
	"errors"

	"github.com/go-git/go-git/v5/plumbing"
)

// commitInput is one commit through the API.
type commitInput struct {
	message string
	author  *account
	changes []change
	branch  string // full ref
	parent  string // the commit it expects at the branch; empty: any
}

// commitChanges writes a commit on top of a branch and moves the branch there. old is where the branch was, zero when
// the branch is new.
func (r *repo) commitChanges(in commitInput) (commit, old plumbing.Hash, err error) {
	const attempts = 20 // against others who commit to the same branch
	for range attempts {
		old, _ = r.head(in.branch)
		if in.parent != "" && in.parent != old.String() {
			return plumbing.ZeroHash, old, errStale
		}
		commit, err = r.buildCommit(in, old)
		if err != nil {
			return plumbing.ZeroHash, old, err
		}
		err = r.setRef(in.branch, commit, old)
		if !errors.Is(err, errRefMoved) {
			break
		}
		if in.parent != "" {
			return plumbing.ZeroHash, old, errStale
		}
	}
	if err == nil {
		r.touch()
	}
	return commit, old, err
}

// buildCommit stores a commit on top of parent that no ref points at yet. A zero parent makes a first commit.
func (r *repo) buildCommit(in commitInput, parent plumbing.Hash) (plumbing.Hash, error) {
	files, err := r.files(parent)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if err := r.applyChanges(files, in.changes); err != nil {
		return plumbing.ZeroHash, err
	}
	tree, err := r.writeTree(files)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	var parents []plumbing.Hash
	if !parent.IsZero() {
		parents = []plumbing.Hash{parent}
	}
	return r.writeCommit(tree, parents, in.author, in.message)
}
