package emulator

import (
	"errors"
	"strings"
	"sync"

	"github.com/hfbot/hfbot/hub"
)

// errNameTaken tells that a repository of that kind and name exists.
var errNameTaken = errors.New("a repository with this name exists")

// registry knows every repository by its name and by the names it had before.
type registry struct {
	mu    sync.RWMutex
	named map[string]*repo // by key
	moved map[string]*repo // by a former key

	removed []string // ids, since they were saved
}

// key is how a repository is looked up: names do not differ by case alone.
func key(ref hub.RepoRef) string {
	return string(ref.Type) + " " + strings.ToLower(ref.Name)
}

// add enters a new repository.
func (g *registry) add(r *repo) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := key(r.ref())
	if g.named[at] != nil {
		return errNameTaken
	}
	if g.named == nil {
		g.named, g.moved = map[string]*repo{}, map[string]*repo{}
	}
	g.named[at] = r
	delete(g.moved, at)
	r.changed.Store(true)
	return nil
}

// find gives the repository of that name; moved tells that it was found by a name it had before.
func (g *registry) find(ref hub.RepoRef) (r *repo, moved bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if r := g.named[key(ref)]; r != nil {
		return r, false
	}
	r = g.moved[key(ref)]
	return r, r != nil
}

// withID finds a repository by its id.
func (g *registry) withID(id string) *repo {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, r := range g.named {
		if r.id == id {
			return r
		}
	}
	return nil
}

// remove forgets a repository and its former names; false when it was gone already.
func (g *registry) remove(r *repo) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := key(r.ref())
	if g.named[at] != r {
		return false
	}
	delete(g.named, at)
	for former, other := range g.moved {
		if other == r {
			delete(g.moved, former)
		}
	}
	g.removed = append(g.removed, r.id)
	return true
}

// move renames a repository, and keeps its old name as a redirect.
func (g *registry) move(r *repo, name string, owner *account) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, to := key(r.ref()), key(hub.RepoRef{Type: r.typ, Name: name})
	if g.named[from] != r {
		return errors.New("the repository is gone")
	}
	if other := g.named[to]; other != nil && other != r {
		return errNameTaken
	}
	delete(g.named, from)
	g.moved[from] = r
	delete(g.moved, to)
	g.named[to] = r
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name, r.owner = name, owner
	r.changed.Store(true)
	return nil
}

// all lists the repositories of one kind, in no order.
func (g *registry) all(typ hub.RepoType) []*repo {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var list []*repo
	for _, r := range g.named {
		if r.typ == typ {
			list = append(list, r)
		}
	}
	return list
}
