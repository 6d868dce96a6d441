package workspace

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// treeIndex collects the files of a tree. Trees may name the same subtree again and again, which makes a few objects
// stand for billions of files; the count stops that.
type treeIndex struct {
	objects *objectStore
	limit   int
	count   int
	files   map[string]*file
}

// index lists the regular files of a commit.
func (s *objectStore) index(ctx context.Context, sha string, limit int) (map[string]*file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	commit, err := object.GetCommit(s.storage, plumbing.NewHash(sha))
	if err != nil {
		return nil, fmt.Errorf("read the commit: %w", err)
	}
	index := &treeIndex{objects: s, limit: limit, files: map[string]*file{}}
	if err := index.add(ctx, commit.TreeHash, ""); err != nil {
		return nil, err
	}
	return index.files, nil
}

// add adds the files below a tree whose path is prefix, which ends with a slash unless it is empty.
func (x *treeIndex) add(ctx context.Context, hash plumbing.Hash, prefix string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkDepth(prefix); err != nil {
		return err
	}
	tree, err := x.tree(hash)
	if err != nil {
		return fmt.Errorf("read the folder %q: %w", prefix, err)
	}
	names := make(map[string]bool, len(tree.Entries))
	for _, entry := range tree.Entries {
		if x.count++; x.count > x.limit {
			return fmt.Errorf("%w: the tree has more than %d entries", ErrTooLarge, x.limit)
		}
		if names[entry.Name] {
			// Which of the two counts depends on the program that reads the tree, so no check of one would hold.
			return fmt.Errorf("%w: the folder %q has two entries named %q", ErrMalformed, prefix, entry.Name)
		}
		names[entry.Name] = true
		if !cleanName(entry.Name) {
			continue
		}
		if err := x.addEntry(ctx, entry, prefix+entry.Name); err != nil {
			return err
		}
	}
	return nil
}

func (x *treeIndex) addEntry(ctx context.Context, entry object.TreeEntry, path string) error {
	switch entry.Mode {
	case filemode.Dir:
		return x.add(ctx, entry.Hash, path+"/")
	case filemode.Regular, filemode.Executable, filemode.Deprecated:
		executable := entry.Mode == filemode.Executable
		x.files[path] = &file{entry: Entry{Path: path, Executable: executable}, blob: entry.Hash}
		return checkDepth(path)
	default:
		return nil // symbolic links and submodules
	}
}

func (x *treeIndex) tree(hash plumbing.Hash) (*object.Tree, error) {
	size, err := x.objects.storage.EncodedObjectSize(hash)
	if err != nil {
		return nil, err
	}
	if size > maxTree {
		return nil, fmt.Errorf("%w: a folder's list of entries has %d bytes", ErrTooLarge, size)
	}
	return object.GetTree(x.objects.storage, hash)
}
