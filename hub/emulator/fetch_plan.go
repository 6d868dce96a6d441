package emulator

import (
	"errors"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// fetchPlan is which part of the history a client gets.
type fetchPlan struct {
	extra       []plumbing.Hash // wanted tags, trees and blobs
	commits     []plumbing.Hash // to send
	had         map[plumbing.Hash]bool
	newShallows map[plumbing.Hash]bool // commits that the client now ends at
	unshallows  map[plumbing.Hash]bool // commits that it ended at and no longer does
	blobLimit   int64
}

// planFetch walks the history from the wants, as deep as asked, and leaves out what the client has.
func (r *repo) planFetch(request *fetchRequest) (*fetchPlan, error) {
	plan := &fetchPlan{
		newShallows: map[plumbing.Hash]bool{}, unshallows: map[plumbing.Hash]bool{}, blobLimit: request.blobLimit,
	}
	var err error
	had := slices.AppendSeq(slices.Clone(request.haves), maps.Keys(request.shallows))
	if plan.had, err = r.reachable(had, request.shallows); err != nil {
		return nil, err
	}
	level, err := r.wantedCommits(request.wants, plan)
	if err != nil {
		return nil, err
	}
	seen := map[plumbing.Hash]bool{}
	for depth := 1; len(level) > 0; depth++ {
		var next []plumbing.Hash
		for _, hash := range level {
			if seen[hash] {
				continue
			}
			seen[hash] = true
			parents, err := r.planCommit(plan, request, hash, request.depth > 0 && depth >= request.depth)
			if err != nil {
				return nil, err
			}
			next = append(next, parents...)
		}
		level = next
	}
	return plan, nil
}

// planCommit takes one commit into the plan, as the last of its line or with the parents that it returns.
func (r *repo) planCommit(
	plan *fetchPlan, request *fetchRequest, hash plumbing.Hash, last bool,
) ([]plumbing.Hash, error) {
	commit, err := r.commit(hash)
	if err != nil {
		return nil, err
	}
	if !plan.had[hash] {
		plan.commits = append(plan.commits, hash)
	}
	wasShallow := request.shallows[hash]
	switch {
	case last && len(commit.ParentHashes) > 0:
		if !wasShallow {
			plan.newShallows[hash] = true
		}
		return nil, nil
	case wasShallow && request.depth == 0:
		return nil, nil // not asked to deepen: the history goes on ending here
	case plan.had[hash] && request.depth == 0:
		return nil, nil // the client has all behind it
	case wasShallow:
		plan.unshallows[hash] = true
	}
	return commit.ParentHashes, nil
}

// wantedCommits are the commits among the wants; the rest is sent as it is, with the commits that tags name.
func (r *repo) wantedCommits(wants []plumbing.Hash, plan *fetchPlan) ([]plumbing.Hash, error) {
	var commits []plumbing.Hash
	for len(wants) > 0 {
		want := wants[0]
		wants = wants[1:]
		o, err := r.git.EncodedObject(plumbing.AnyObject, want)
		if err != nil {
			return nil, err
		}
		switch o.Type() {
		case plumbing.CommitObject:
			commits = append(commits, want)
		case plumbing.TagObject:
			tag, err := object.DecodeTag(r.git, o)
			if err != nil {
				return nil, err
			}
			plan.extra = append(plan.extra, want)
			wants = append(wants, tag.Target)
		default:
			plan.extra = append(plan.extra, want)
		}
	}
	return commits, nil
}

// reachable is every commit that a client with these commits has, given where its history ends.
func (r *repo) reachable(from []plumbing.Hash, shallows map[plumbing.Hash]bool) (map[plumbing.Hash]bool, error) {
	seen := map[plumbing.Hash]bool{}
	for queue := from; len(queue) > 0; {
		hash := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[hash] {
			continue
		}
		commit, err := r.commit(hash)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			continue // the client has what this repository does not
		}
		if err != nil {
			return nil, err
		}
		seen[hash] = true
		if !shallows[hash] {
			queue = append(queue, commit.ParentHashes...)
		}
	}
	return seen, nil
}

// objectsFor lists all objects of a plan, without those of commits at its edge that the client has.
func (r *repo) objectsFor(plan *fetchPlan) ([]plumbing.Hash, error) {
	list := objectList{repo: r, seen: map[plumbing.Hash]bool{}, blobLimit: plan.blobLimit}
	for _, hash := range plan.extra { // first: what is wanted by name is sent even when a filter once left it out
		if err := list.addExtra(hash); err != nil {
			return nil, err
		}
	}
	wanted := len(list.hashes)
	for hash := range plan.had {
		if err := list.addCommit(hash, true); err != nil {
			return nil, err
		}
	}
	list.hashes = list.hashes[:wanted] // the rest so far is what the client has
	for _, hash := range plan.commits {
		if err := list.addCommit(hash, false); err != nil {
			return nil, err
		}
	}
	return list.hashes, nil
}

// objectList collects objects, each once.
type objectList struct {
	repo      *repo
	seen      map[plumbing.Hash]bool
	hashes    []plumbing.Hash
	blobLimit int64
}

func (l *objectList) add(hash plumbing.Hash) (isNew bool) {
	if l.seen[hash] {
		return false
	}
	l.seen[hash] = true
	l.hashes = append(l.hashes, hash)
	return true
}

func (l *objectList) addCommit(hash plumbing.Hash, had bool) error {
	commit, err := l.repo.commit(hash)
	if err != nil {
		return err
	}
	l.add(hash)
	return l.addTree(commit.TreeHash, had)
}

// addTree takes a tree and all below it. What the client has is marked with its large blobs left out as well: it got
// them under the same filter or none.
func (l *objectList) addTree(hash plumbing.Hash, had bool) error {
	if !l.add(hash) {
		return nil
	}
	tree, err := object.GetTree(l.repo.git, hash)
	if err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		switch {
		case entry.Mode == filemode.Submodule:
		case entry.Mode == filemode.Dir:
			if err := l.addTree(entry.Hash, had); err != nil {
				return err
			}
		case had || l.small(entry.Hash):
			l.add(entry.Hash)
		}
	}
	return nil
}

// small tells whether the client wants a blob of that size.
func (l *objectList) small(blob plumbing.Hash) bool {
	if l.blobLimit < 0 {
		return true
	}
	size, err := l.repo.git.EncodedObjectSize(blob)
	return err == nil && size < l.blobLimit
}

func (l *objectList) addExtra(hash plumbing.Hash) error {
	if _, err := l.repo.git.EncodedObject(plumbing.TreeObject, hash); err == nil {
		return l.addTree(hash, false)
	}
	l.add(hash)
	return nil
}
