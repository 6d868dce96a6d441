package emulator

import (
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"
	"go.etcd.io/bbolt"
)

// save writes everything that has changed since the last save, in one transaction. When it returns without an error,
// what its caller changed before is on disk, whoever wrote it. Without a data folder it does nothing.
func (s *Server) save() error {
	if s.disk == nil {
		return nil
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if s.disk.failed != nil {
		return s.disk.failed
	}
	writes := s.changes()
	if len(writes) == 0 {
		return nil
	}
	err := s.disk.db.Update(func(tx *bbolt.Tx) error {
		for _, write := range writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.disk.failed = err // what was not written is not known any more, so nothing may be promised from here on
		s.opts.Log("the data folder cannot be written: %v", err)
	}
	return err
}

// saveBeforeAnswer saves what a request changed before its answer goes out; if that fails, the answer is a 500.
func (s *Server) saveBeforeAnswer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.disk != nil && c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead {
			c.Response().Before(func() {
				if s.save() != nil {
					c.Response().Status = http.StatusInternalServerError
				}
			})
		}
		return next(c)
	}
}

// write is one change of the database.
type write func(tx *bbolt.Tx) error

// changes takes all changes that are not on disk yet.
func (s *Server) changes() (writes []write) {
	removed, repos := s.repos.takeRemoved(), s.repos.everything()
	for _, id := range removed {
		writes = append(writes, s.dropRepo(id))
	}
	for _, r := range repos {
		writes = append(writes, s.repoChanges(r)...)
	}
	return slices.Concat(writes, s.hooks.changes(), s.unsaved.changes())
}

func (s *Server) dropRepo(id string) write {
	return func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{bucketRepos, bucketObjects, bucketDiscussions} {
			if err := dropPrefix(tx, bucket, id); err != nil {
				return err
			}
		}
		return os.RemoveAll(s.disk.lfsDir(id))
	}
}

// repoChanges takes those of one repository. Its refs are read before its objects are taken, so that a saved ref never
// names an object that is not saved.
func (s *Server) repoChanges(r *repo) (writes []write) {
	if r.changed.Swap(false) || r.space.changed.Swap(false) {
		record := s.repos.record(r)
		writes = append(writes, func(tx *bbolt.Tx) error { return putRecord(tx, bucketRepos, r.id, record) })
	}
	objects := r.git.takeUnsaved()
	if len(objects) > 0 {
		writes = append(writes, func(tx *bbolt.Tx) error { return putObjects(tx, r.id, objects) })
	}
	for num, record := range r.talk.takeChanged() {
		key := r.id + " " + strconv.Itoa(num)
		writes = append(writes, func(tx *bbolt.Tx) error {
			if record == nil {
				return tx.Bucket(bucketDiscussions).Delete([]byte(key))
			}
			return putRecord(tx, bucketDiscussions, key, record)
		})
	}
	return writes
}

// putObjects writes git objects: a byte for the type, then the content.
func putObjects(tx *bbolt.Tx, repoID string, objects []plumbing.EncodedObject) error {
	bucket := tx.Bucket(bucketObjects)
	for _, o := range objects {
		content, err := readObject(o)
		if err != nil {
			return err
		}
		hash := o.Hash()
		key := append([]byte(repoID), hash[:]...)
		if err := bucket.Put(key, append([]byte{byte(o.Type())}, content...)); err != nil {
			return err
		}
	}
	return nil
}

// takeUnsaved gives the objects that are not on disk yet.
func (g *gitStore) takeUnsaved() []plumbing.EncodedObject {
	g.mu.Lock()
	defer g.mu.Unlock()
	unsaved := g.unsaved
	g.unsaved = nil
	return unsaved
}

// takeRemoved gives the ids of repositories that are gone and still on disk.
func (g *registry) takeRemoved() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	removed := g.removed
	g.removed = nil
	return removed
}

// everything lists all repositories.
func (g *registry) everything() []*repo {
	g.mu.RLock()
	defer g.mu.RUnlock()
	list := make([]*repo, 0, len(g.named))
	for _, r := range g.named {
		list = append(list, r)
	}
	return list
}

// record describes a repository as it is now.
func (g *registry) record(r *repo) repoRecord {
	state := r.state()
	record := repoRecord{
		Type: r.typ, Name: state.name, Owner: state.owner.id, Created: r.createdAt, Updated: state.updatedAt,
		Private: state.private, Gated: state.gated, DiscussionsDisabled: state.discussionsDisabled,
		SDK: state.spaceSDK, Refs: map[string]string{}, LastNumber: r.talk.lastNumber(), Access: r.accessRecords(),
		Likes: r.likeRecords(),
	}
	if state.creator != nil {
		record.Creator = state.creator.id
	}
	for _, ref := range r.git.list("") {
		record.Refs[ref.name] = ref.hash.String()
	}
	if r.typ == "space" {
		record.Space = r.space.record()
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	for former, other := range g.moved {
		if other == r {
			record.Former = append(record.Former, former)
		}
	}
	return record
}

func (a *spaceApp) record() *spaceRecord {
	a.mu.Lock()
	defer a.mu.Unlock()
	records := func(settings map[string]spaceSetting) map[string]settingRecord {
		list := map[string]settingRecord{}
		for name, each := range settings {
			list[name] = settingRecord{each.value, each.description, each.updatedAt}
		}
		return list
	}
	return &spaceRecord{
		Secrets: records(a.secrets), Variables: records(a.variables), Paused: a.paused, Hardware: a.hardware,
		Sleep: a.sleep, DevMode: a.devMode, Volumes: a.volumes,
	}
}

func (t *talk) lastNumber() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// takeChanged gives the discussions that changed; nil for one that is gone.
func (t *talk) takeChanged() map[int]*discussionRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := map[int]*discussionRecord{}
	for num := range t.changed {
		changed[num] = nil
	}
	for _, d := range t.all {
		if t.changed[d.num] {
			changed[d.num] = d.record()
		}
	}
	t.changed = nil
	return changed
}

// record describes the discussion; the talk's lock must be held.
func (d *discussion) record() *discussionRecord {
	record := &discussionRecord{
		ID: d.id, Num: d.num, Title: d.title, Author: d.author.id, Created: d.created, Status: d.status, Pinned: d.pinned,
	}
	if p := d.pull; p != nil {
		record.Pull = &pullRecord{p.base, p.head.String(), p.mergeCommit, p.refDeleted}
	}
	for _, e := range d.events {
		event := eventRecord{ID: e.id, Kind: e.kind, Author: e.author.id, Created: e.created, Data: e.data}
		if c := e.comment; c != nil {
			event.Comment = &commentRecord{c.text, c.updated, c.edits, c.editors, c.hiddenBy, c.before}
		}
		record.Events = append(record.Events, event)
	}
	return record
}
