package emulator

import (
	"errors"
	"fmt"
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
	filter      objectFilter
	without     map[plumbing.Hash]bool // not to be sent: the client does not want it
}

// step is a commit on the way through the history.
type step struct {
	hash plumbing.Hash
	left int // generations after it that are wanted; -1: no bound
}

// planFetch walks the history from the wants, as deep as asked, and leaves out what the client has.
func (r *repo) planFetch(request *fetchRequest) (*fetchPlan, error) {
	plan := &fetchPlan{
		newShallows: map[plumbing.Hash]bool{}, unshallows: map[plumbing.Hash]bool{}, filter: request.filter,
	}
	var err error
	had := slices.AppendSeq(slices.Clone(request.haves), maps.Keys(request.shallows))
	if plan.had, err = r.reachable(had, request.shallows); err != nil {
		return nil, err
	}
	if plan.without, err = r.reachableFrom(request.without); err != nil {
		return nil, err
	}
	level, err := r.wantedCommits(request.wants, plan)
	if err != nil {
		return nil, err
	}
	left := request.depth - 1 // -1 without a depth
	if request.relative {
		left = -1
	}
	var steps []step
	for _, hash := range level {
		steps = append(steps, step{hash, left})
	}
	seen := map[plumbing.Hash]bool{}
	for len(steps) > 0 {
		at := steps[0]
		steps = steps[1:]
		if seen[at.hash] {
			continue
		}
		seen[at.hash] = true
		if request.relative && request.shallows[at.hash] {
			at.left = request.depth
		}
		parents, err := r.planCommit(plan, request, at)
		if err != nil {
			return nil, err
		}
		for _, parent := range parents {
			steps = append(steps, step{parent, max(at.left-1, -1)})
		}
	}
	return plan, nil
}

// reachableFrom is every commit that these refs reach; clients name them whole or as tags and branches are called.
func (r *repo) reachableFrom(names []string) (map[plumbing.Hash]bool, error) {
	var from []plumbing.Hash
	for _, name := range names {
		head, ok := r.head(name)
		for _, prefix := range []string{"refs/tags/", "refs/heads/"} {
			if !ok {
				head, ok = r.head(prefix + name)
			}
		}
		if !ok {
			return nil, fmt.Errorf("%w: deepen-not is not a ref: %.60q", errProtocol, name)
		}
		commit, err := r.peel(head)
		if err != nil {
			return nil, err
		}
		from = append(from, commit)
	}
	return r.reachable(from, nil)
}

// planCommit takes one commit into the plan, as the last of its line or with the parents that it returns.
func (r *repo) planCommit(plan *fetchPlan, request *fetchRequest, at step) ([]plumbing.Hash, error) {
	hash := at.hash
	commit, err := r.commit(hash)
	if err != nil {
		return nil, err
	}
	if !plan.had[hash] {
		plan.commits = append(plan.commits, hash)
	}
	last := at.left == 0
	for _, parent := range commit.ParentHashes {
		if request.since.IsZero() && len(plan.without) == 0 {
			break
		}
		older, err := r.commit(parent)
		if err != nil {
			return nil, err
		}
		last = last || plan.without[parent] || older.Committer.When.Before(request.since)
	}
	wasShallow := request.shallows[hash]
	switch {
	case last && len(commit.ParentHashes) > 0:
		if !wasShallow {
			plan.newShallows[hash] = true
		}
		return nil, nil
	case wasShallow && !request.deepens():
		return nil, nil // not asked to deepen: the history goes on ending here
	case plan.had[hash] && !request.deepens():
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
	list := objectList{repo: r, seen: map[plumbing.Hash]bool{}, walked: map[plumbing.Hash]int64{}, filter: plan.filter}
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
	repo   *repo
	seen   map[plumbing.Hash]bool
	walked map[plumbing.Hash]int64 // trees, with how deep below a commit they were met, where that matters
	hashes []plumbing.Hash
	filter objectFilter
}

func (l *objectList) add(hash plumbing.Hash) {
	if !l.seen[hash] {
		l.seen[hash] = true
		l.hashes = append(l.hashes, hash)
	}
}

func (l *objectList) addCommit(hash plumbing.Hash, had bool) error {
	commit, err := l.repo.commit(hash)
	if err != nil {
		return err
	}
	l.add(hash)
	return l.addTree(commit.TreeHash, had, 0)
}

// addTree takes a tree and all below it. What the client has is marked with what a filter leaves out as well: it got
// that under the same filter or none.
func (l *objectList) addTree(hash plumbing.Hash, had bool, depth int64) error {
	if l.filter.treeDepth < 0 || had {
		depth = -1 // any is as good
	} else if depth >= l.filter.treeDepth {
		return nil
	}
	if before, met := l.walked[hash]; met && before <= depth {
		return nil
	}
	l.walked[hash] = depth
	l.add(hash)
	tree, err := object.GetTree(l.repo.git, hash)
	if err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		switch {
		case entry.Mode == filemode.Submodule:
		case entry.Mode == filemode.Dir:
			if err := l.addTree(entry.Hash, had, depth+1); err != nil {
				return err
			}
		case had || l.wants(entry.Hash, depth+1):
			l.add(entry.Hash)
		}
	}
	return nil
}

// wants tells whether the filter lets a blob pass.
func (l *objectList) wants(blob plumbing.Hash, depth int64) bool {
	if l.filter.treeDepth >= 0 && depth >= l.filter.treeDepth {
		return false
	}
	if l.filter.blobLimit < 0 {
		return true
	}
	size, err := l.repo.git.EncodedObjectSize(blob)
	return err == nil && size < l.filter.blobLimit
}

func (l *objectList) addExtra(hash plumbing.Hash) error {
	if _, err := l.repo.git.EncodedObject(plumbing.TreeObject, hash); err == nil {
		l.add(hash)
		return l.addTree(hash, false, 0)
	}
	l.add(hash)
	return nil
}
