package emulator

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// mainBranch is the branch every repository has and none can lose.
const mainBranch = "refs/heads/main"

// repo is a model, dataset or Space: its settings, its git content and its discussions. git and the LFS objects have
// locks of their own, so what they offer may be called with or without mu held.
type repo struct {
	id        string // 24 hex digits, the same for life
	typ       hub.RepoType
	createdAt time.Time
	git       *gitStore
	lfs       lfsObjects
	changed   atomic.Bool // since it was saved: anything but objects and discussions
	space     spaceApp    // of a Space

	mu                  sync.Mutex
	name                string // "ns/name"
	owner               *account
	creator             *account
	private             bool
	gated               string // "", "auto" or "manual"
	discussionsDisabled bool
	updatedAt           time.Time
	spaceSDK            string
	talk                talk
	access              []access // to a gated repository
	likes               []like
}

// repoState is a copy of the fields that change.
type repoState struct {
	name                string
	owner               *account
	creator             *account
	private             bool
	gated               string
	discussionsDisabled bool
	updatedAt           time.Time
	spaceSDK            string
}

// state reads all changing fields at once.
func (r *repo) state() repoState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return repoState{
		name: r.name, owner: r.owner, creator: r.creator, private: r.private, gated: r.gated,
		discussionsDisabled: r.discussionsDisabled, updatedAt: r.updatedAt, spaceSDK: r.spaceSDK,
	}
}

// ref names the repository as it is called now.
func (r *repo) ref() hub.RepoRef {
	r.mu.Lock()
	defer r.mu.Unlock()
	return hub.RepoRef{Type: r.typ, Name: r.name}
}

// readableBy tells whether who (nil: anonymous) may know that the repository exists.
func (s repoState) readableBy(who *account) bool {
	if !s.private {
		return true
	}
	role := s.owner.roleOf(who)
	return role != "" && role != roleNoAccess
}

// writableBy tells whether who may change branches and settings. A contributor may in what it made itself.
func (s repoState) writableBy(who *account) bool {
	switch s.owner.roleOf(who) {
	case roleAdmin, roleWrite:
		return true
	case roleContributor:
		return who == s.creator
	}
	return false
}

// touch notes that the content changed.
func (r *repo) touch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.updatedAt = time.Now()
	r.changed.Store(true)
}
