package emulator

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// treeFile is one file of a tree.
type treeFile struct {
	hash plumbing.Hash
	mode filemode.FileMode
}

// errTooManyFiles keeps crafted trees, which name the same subtree over and over, from being listed for ever.
var errTooManyFiles = errors.New("the tree has too many files")

const maxTreeFiles = 200_000 // and folders

// files lists the files of a commit by path; a zero hash has none.
func (r *repo) files(commit plumbing.Hash) (map[string]treeFile, error) {
	files := map[string]treeFile{}
	if commit.IsZero() {
		return files, nil
	}
	c, err := r.commit(commit)
	if err != nil {
		return nil, err
	}
	left := maxTreeFiles
	return files, r.collectFiles(c.TreeHash, "", files, &left)
}

func (r *repo) collectFiles(hash plumbing.Hash, prefix string, files map[string]treeFile, left *int) error {
	tree, err := object.GetTree(r.git, hash)
	if err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		if *left--; *left < 0 {
			return errTooManyFiles
		}
		if entry.Mode == filemode.Dir {
			if err := r.collectFiles(entry.Hash, prefix+entry.Name+"/", files, left); err != nil {
				return err
			}
			continue
		}
		files[prefix+entry.Name] = treeFile{entry.Hash, entry.Mode}
	}
	return nil
}

// writeTree stores the trees that hold the files and returns the root. The paths must be clean; see checkPath.
func (r *repo) writeTree(files map[string]treeFile) (plumbing.Hash, error) {
	var entries []object.TreeEntry
	folders := map[string]map[string]treeFile{}
	for path, file := range files {
		name, rest, nested := strings.Cut(path, "/")
		if !nested {
			entries = append(entries, object.TreeEntry{Name: name, Mode: file.mode, Hash: file.hash})
			continue
		}
		if folders[name] == nil {
			folders[name] = map[string]treeFile{}
		}
		folders[name][rest] = file
	}
	for name, inside := range folders {
		hash, err := r.writeTree(inside)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries = append(entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash})
	}
	slices.SortFunc(entries, func(a, b object.TreeEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	return r.store(&object.Tree{Entries: entries})
}

// sortName is what git sorts tree entries by: folders as if they ended in a slash.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

// writeCommit stores a commit that no ref points at yet.
func (r *repo) writeCommit(
	tree plumbing.Hash, parents []plumbing.Hash, by *account, message string,
) (plumbing.Hash, error) {
	signature := by.signature()
	return r.store(&object.Commit{
		Author: signature, Committer: signature, Message: message, TreeHash: tree, ParentHashes: parents,
	})
}

// store encodes a tree, commit or tag and stores it.
func (r *repo) store(o interface {
	Encode(plumbing.EncodedObject) error
},
) (plumbing.Hash, error) {
	encoded := r.git.NewEncodedObject()
	if err := o.Encode(encoded); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encode a git object: %w", err)
	}
	return r.git.SetEncodedObject(encoded)
}

// storeBlob stores the content of a file.
func (r *repo) storeBlob(content []byte) (plumbing.Hash, error) {
	return r.git.SetEncodedObject(newObject(plumbing.BlobObject, content))
}

// newObject makes an object of content that must not be changed afterwards.
func newObject(t plumbing.ObjectType, content []byte) plumbing.EncodedObject {
	o := &plumbing.MemoryObject{}
	o.SetType(t)
	_, _ = o.Write(content) // into memory, which does not fail
	return o
}

// blob reads a file's content as git stores it: for LFS files the pointer.
func (r *repo) blob(hash plumbing.Hash) ([]byte, error) {
	o, err := r.git.EncodedObject(plumbing.BlobObject, hash)
	if err != nil {
		return nil, err
	}
	return readObject(o)
}

func readObject(o plumbing.EncodedObject) ([]byte, error) {
	reader, err := o.Reader()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}
