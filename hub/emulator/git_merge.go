package emulator

import (
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// mergeBase is the best common ancestor of two commits, or the zero hash when they have none.
func (r *repo) mergeBase(a, b plumbing.Hash) (plumbing.Hash, error) {
	left, err := r.commit(a)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	right, err := r.commit(b)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	bases, err := left.MergeBase(right)
	if err != nil || len(bases) == 0 {
		return plumbing.ZeroHash, err
	}
	return bases[0].Hash, nil
}

// mergeInto merges head into base: a three-way merge of whole files, always with a commit of two parents, which no ref
// points at yet. Files that both sides changed differently are conflicts; then there is no commit.
func (r *repo) mergeInto(base, head plumbing.Hash, author *account, message string) (plumbing.Hash, []string, error) {
	ancestor, err := r.mergeBase(base, head)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	var sides [3]map[string]treeFile
	for i, hash := range []plumbing.Hash{ancestor, base, head} {
		if sides[i], err = r.files(hash); err != nil {
			return plumbing.ZeroHash, nil, err
		}
	}
	merged, conflicts := mergeFiles(sides[0], sides[1], sides[2])
	if len(conflicts) > 0 {
		return plumbing.ZeroHash, conflicts, nil
	}
	tree, err := r.writeTree(merged)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	commit, err := r.writeCommit(tree, []plumbing.Hash{base, head}, author, message)
	return commit, nil, err
}

// mergeFiles takes for each path the side that differs from the ancestor.
func mergeFiles(ancestor, base, head map[string]treeFile) (merged map[string]treeFile, conflicts []string) {
	merged = map[string]treeFile{}
	take := func(path string) {
		was, ours, theirs := ancestor[path], base[path], head[path]
		result := ours
		switch {
		case ours == theirs || was == theirs:
		case was == ours:
			result = theirs
		default:
			conflicts = append(conflicts, path)
		}
		if !result.hash.IsZero() {
			merged[path] = result
		}
	}
	for path := range base {
		take(path)
	}
	for path := range head {
		if _, seen := base[path]; !seen {
			take(path)
		}
	}
	conflicts = append(conflicts, filesUnderFiles(merged)...)
	slices.Sort(conflicts)
	return merged, slices.Compact(conflicts)
}

// filesUnderFiles finds paths that one side made a file and the other a folder.
func filesUnderFiles(files map[string]treeFile) []string {
	var clashes []string
	for path := range files {
		for parent := parentPath(path); parent != ""; parent = parentPath(parent) {
			if _, clash := files[parent]; clash {
				clashes = append(clashes, parent)
			}
		}
	}
	return clashes
}

// diff is the unified text that leads from base to head.
func (r *repo) diff(base, head plumbing.Hash) (string, error) {
	from, err := r.tree(base)
	if err != nil {
		return "", err
	}
	to, err := r.tree(head)
	if err != nil {
		return "", err
	}
	patch, err := from.Patch(to)
	if err != nil {
		return "", err
	}
	return patch.String(), nil
}

// tree reads the tree of a commit; a zero hash is the empty tree.
func (r *repo) tree(commit plumbing.Hash) (*object.Tree, error) {
	if commit.IsZero() {
		return &object.Tree{}, nil
	}
	c, err := r.commit(commit)
	if err != nil {
		return nil, err
	}
	return object.GetTree(r.git, c.TreeHash)
}
