package emulator

import (
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// rewriter makes histories anew without the pointers to some LFS content. It remembers what it made of each commit and
// tree, so that refs with a common past have one afterwards too.
type rewriter struct {
	repo    *repo
	drop    map[string]bool // SHA-256 of the content
	commits map[plumbing.Hash]plumbing.Hash
	trees   map[plumbing.Hash]plumbing.Hash
}

// history makes what replaces a commit and all before it; that is the commit itself when none of them has a pointer.
func (w *rewriter) history(head plumbing.Hash) (plumbing.Hash, error) {
	pending := []plumbing.Hash{head}
	for len(pending) > 0 {
		at := pending[len(pending)-1]
		if _, done := w.commits[at]; done {
			pending = pending[:len(pending)-1]
			continue
		}
		commit, err := w.repo.commit(at)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		before := len(pending)
		for _, parent := range commit.ParentHashes {
			if _, done := w.commits[parent]; !done {
				pending = append(pending, parent)
			}
		}
		if len(pending) > before {
			continue // parents first
		}
		if w.commits[at], err = w.commit(commit); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	return w.commits[head], nil
}

// commit makes what replaces a commit whose parents are done.
func (w *rewriter) commit(commit *object.Commit) (plumbing.Hash, error) {
	left := maxTreeFiles
	tree, err := w.tree(commit.TreeHash, &left)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	changed := tree != commit.TreeHash
	made := *commit
	made.TreeHash, made.ParentHashes, made.PGPSignature = tree, nil, "" // a signature would not fit any more
	for _, parent := range commit.ParentHashes {
		made.ParentHashes = append(made.ParentHashes, w.commits[parent])
		changed = changed || w.commits[parent] != parent
	}
	if !changed {
		return commit.Hash, nil
	}
	return w.repo.store(&made)
}

// tree makes what replaces a tree. A folder that nothing is left in goes away.
func (w *rewriter) tree(hash plumbing.Hash, left *int) (plumbing.Hash, error) {
	if made, done := w.trees[hash]; done {
		return made, nil
	}
	tree, err := object.GetTree(w.repo.git, hash)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	made, changed := &object.Tree{}, false
	for _, entry := range tree.Entries {
		if *left--; *left < 0 {
			return plumbing.ZeroHash, errTooManyFiles
		}
		switch {
		case entry.Mode == filemode.Dir:
			inside, err := w.tree(entry.Hash, left)
			if err != nil {
				return plumbing.ZeroHash, err
			}
			changed = changed || inside != entry.Hash
			if entry.Hash = inside; inside == emptyTree {
				continue
			}
		case entry.Mode.IsFile():
			if p, ok := w.repo.pointerAt(entry.Hash); ok && w.drop[p.oid] {
				changed = true
				continue
			}
		}
		made.Entries = append(made.Entries, entry)
	}
	w.trees[hash] = hash
	if changed {
		if w.trees[hash], err = w.repo.store(made); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	return w.trees[hash], nil
}

// emptyTree is the id of a tree without entries.
var emptyTree = plumbing.NewHash("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
