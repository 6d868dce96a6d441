package emulator

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// gitStore holds the objects and refs of one repository in memory. Every call locks for itself, so that many clients
// may read while others push. Objects never change once stored, and everything that a stored commit, tree or tag
// names is stored too.
type gitStore struct {
	mu      sync.RWMutex
	objects map[plumbing.Hash]plumbing.EncodedObject
	refs    map[string]plumbing.Hash

	persistent bool
	unsaved    []plumbing.EncodedObject // of a persistent store: not on disk yet
}

var _ storer.EncodedObjectStorer = (*gitStore)(nil)

func newGitStore() *gitStore {
	return &gitStore{
		objects: map[plumbing.Hash]plumbing.EncodedObject{},
		refs:    map[string]plumbing.Hash{},
	}
}

// NewEncodedObject implements storer.EncodedObjectStorer.
func (g *gitStore) NewEncodedObject() plumbing.EncodedObject { return &plumbing.MemoryObject{} }

// SetEncodedObject stores an object.
func (g *gitStore) SetEncodedObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	hash := o.Hash() // computed before it is shared: it is not safe for concurrent use the first time
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep(hash, o)
	return hash, nil
}

// keep stores an object; the lock must be held.
func (g *gitStore) keep(hash plumbing.Hash, o plumbing.EncodedObject) {
	if g.persistent && g.objects[hash] == nil {
		g.unsaved = append(g.unsaved, o)
	}
	g.objects[hash] = o
}

// EncodedObject reads an object.
func (g *gitStore) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	o, ok := g.objects[h]
	if !ok || (t != plumbing.AnyObject && t != o.Type()) {
		return nil, plumbing.ErrObjectNotFound
	}
	return o, nil
}

// IterEncodedObjects walks all objects of a type that are stored now.
func (g *gitStore) IterEncodedObjects(t plumbing.ObjectType) (storer.EncodedObjectIter, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var list []plumbing.EncodedObject
	for _, o := range g.objects {
		if t == plumbing.AnyObject || t == o.Type() {
			list = append(list, o)
		}
	}
	return storer.NewEncodedObjectSliceIter(list), nil
}

// HasEncodedObject answers nil when the object is stored.
func (g *gitStore) HasEncodedObject(h plumbing.Hash) error {
	_, err := g.EncodedObject(plumbing.AnyObject, h)
	return err
}

// EncodedObjectSize is the length of an object's content.
func (g *gitStore) EncodedObjectSize(h plumbing.Hash) (int64, error) {
	o, err := g.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		return 0, err
	}
	return o.Size(), nil
}

// AddAlternate implements storer.EncodedObjectStorer; a repository borrows no objects.
func (g *gitStore) AddAlternate(string) error { return errors.New("alternates are not supported") }

// namedRef is a ref and what it points at.
type namedRef struct {
	name string
	hash plumbing.Hash
}

// list gives the refs that begin with prefix, by name.
func (g *gitStore) list(prefix string) []namedRef {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var list []namedRef
	for name, hash := range g.refs {
		if strings.HasPrefix(name, prefix) {
			list = append(list, namedRef{name, hash})
		}
	}
	slices.SortFunc(list, func(a, b namedRef) int { return strings.Compare(a.name, b.name) })
	return list
}

// withPrefix finds the commit whose id begins with the given hex digits; ok is false when none or several do.
func (g *gitStore) withPrefix(short string) (hash plumbing.Hash, ok bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for each, o := range g.objects {
		if o.Type() != plumbing.CommitObject || !strings.HasPrefix(each.String(), short) {
			continue
		}
		if ok {
			return plumbing.ZeroHash, false
		}
		hash, ok = each, true
	}
	return hash, ok
}
