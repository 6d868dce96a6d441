package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"go.etcd.io/bbolt"

	"github.com/hfbot/hfbot/hub"
)

// load reads what an earlier process left.
func (s *Server) load() error {
	err := s.disk.db.Update(func(tx *bbolt.Tx) error { return errors.Join(s.loadAccounts(tx), s.loadKey(tx), s.keepSigningKey(tx)) })
	if err != nil {
		return err
	}
	return s.disk.db.View(func(tx *bbolt.Tx) error {
		if err := s.loadRepos(tx); err != nil {
			return err
		}
		return errors.Join(s.loadWebhooks(tx), s.loadJobs(tx), s.loadScheduled(tx), s.loadCollections(tx), s.loadOAuth(tx))
	})
}

// loadAccounts gives the accounts the ids they had, and keeps those that are not among the options any more: what they
// wrote is still theirs, though nobody can log in as them.
func (s *Server) loadAccounts(tx *bbolt.Tx) error {
	const prefix = "account "
	err := eachRecord(tx, bucketState, prefix, func(_ string, record accountRecord) error {
		who := s.accounts.named(record.Name)
		if who == nil || who.org != record.Org {
			s.accounts = append(s.accounts, &account{id: record.ID, name: record.Name, org: record.Org, createdAt: record.Created})
			return nil
		}
		who.id, who.createdAt = record.ID, record.Created
		return nil
	})
	if err != nil {
		return err
	}
	for _, who := range s.accounts {
		if err := putRecord(tx, bucketState, prefix+who.id, accountRecord{who.id, who.name, who.createdAt, who.org}); err != nil {
			return err
		}
	}
	return nil
}

// loadKey takes the key of transfer links, so that they outlive the process.
func (s *Server) loadKey(tx *bbolt.Tx) error {
	name := []byte("lfs key")
	if key := tx.Bucket(bucketState).Get(name); len(key) == len(s.lfsKey) {
		copy(s.lfsKey, key)
		return nil
	}
	return tx.Bucket(bucketState).Put(name, s.lfsKey)
}

// knownAccount finds an account of a record. One that is missing, which only a damaged folder has, becomes a stranger.
func (s *Server) knownAccount(id string) *account {
	if who := s.accounts.withID(id); who != nil {
		return who
	}
	return &account{id: id, name: "deleted-user"}
}

func (s *Server) loadRepos(tx *bbolt.Tx) error {
	return eachRecord(tx, bucketRepos, "", func(id string, record repoRecord) error {
		r := &repo{
			id: id, typ: record.Type, createdAt: record.Created, name: record.Name, owner: s.knownAccount(record.Owner),
			creator: s.knownAccount(record.Creator), private: record.Private, gated: record.Gated,
			discussionsDisabled: record.DiscussionsDisabled, updatedAt: record.Updated, spaceSDK: record.SDK, git: newGitStore(),
		}
		for _, each := range record.Access {
			r.access = append(r.access, access{s.knownAccount(each.User), each.Status, each.At, each.Granted})
		}
		for _, each := range record.Likes {
			r.likes = append(r.likes, like{s.knownAccount(each.User), each.At})
		}
		if record.Space != nil {
			r.space.load(record.Space)
		}
		if err := r.lfs.load(s.disk.lfsDir(id)); err != nil {
			return err
		}
		if err := r.git.load(tx, id); err != nil {
			return err
		}
		for name, hash := range record.Refs {
			r.git.refs[name] = plumbing.NewHash(hash)
		}
		if err := s.loadTalk(tx, r, record.LastNumber); err != nil {
			return err
		}
		if err := s.repos.add(r); err != nil {
			return fmt.Errorf("%s: %w", r.ref(), err)
		}
		for _, former := range record.Former {
			s.repos.moved[former] = r
		}
		r.changed.Store(false)
		return nil
	})
}

// load reads all objects of a repository.
func (g *gitStore) load(tx *bbolt.Tx, repoID string) error {
	cursor := tx.Bucket(bucketObjects).Cursor()
	for key, value := cursor.Seek([]byte(repoID)); key != nil && hasPrefix(key, repoID); key, value = cursor.Next() {
		if len(value) == 0 {
			return fmt.Errorf("object %x is damaged", key)
		}
		o := newObject(plumbing.ObjectType(value[0]), slices.Clone(value[1:]))
		g.objects[o.Hash()] = o
	}
	g.persistent = true
	return nil
}

func (a *spaceApp) load(record *spaceRecord) {
	settings := func(records map[string]settingRecord) map[string]spaceSetting {
		list := map[string]spaceSetting{}
		for name, each := range records {
			list[name] = spaceSetting{each.Value, each.Description, each.Updated}
		}
		return list
	}
	a.secrets, a.variables = settings(record.Secrets), settings(record.Variables)
	a.paused, a.hardware, a.sleep = record.Paused, record.Hardware, record.Sleep
	a.devMode, a.volumes = record.DevMode, record.Volumes
}

// loadTalk reads the discussions. Numbers that were given out are not used again.
func (s *Server) loadTalk(tx *bbolt.Tx, r *repo, last int) error {
	err := eachRecord(tx, bucketDiscussions, r.id+" ", func(_ string, record discussionRecord) error {
		d := &discussion{
			id: record.ID, num: record.Num, title: record.Title, author: s.knownAccount(record.Author),
			created: record.Created, status: record.Status, pinned: record.Pinned,
		}
		if p := record.Pull; p != nil {
			d.pull = &pullRequest{
				base: p.Base, head: plumbing.NewHash(p.Head), mergeCommit: p.MergeCommit, refDeleted: p.RefDeleted,
			}
		}
		for _, e := range record.Events {
			event := &discussionEvent{id: e.ID, kind: e.Kind, author: s.knownAccount(e.Author), created: e.Created, data: e.Data}
			if c := e.Comment; c != nil {
				event.comment = &comment{c.Text, c.Updated, c.Edits, c.Editors, c.HiddenBy, c.Before}
			}
			d.events = append(d.events, event)
		}
		r.talk.all = append(r.talk.all, d)
		last = max(last, d.num)
		return nil
	})
	slices.SortFunc(r.talk.all, func(a, b *discussion) int { return a.num - b.num })
	for _, ref := range r.git.list("refs/pr/") {
		var num int
		if _, err := fmt.Sscanf(ref.name, "refs/pr/%d", &num); err == nil {
			last = max(last, num)
		}
	}
	r.talk.last = last
	return err
}

func (s *Server) loadWebhooks(tx *bbolt.Tx) error {
	numbers := map[string]int{}
	concurrency := s.opts.Deliveries.withDefaults().Concurrency
	err := eachRecord(tx, bucketWebhooks, "", func(id string, record webhookRecord) error {
		w := newWebhook(s.knownAccount(record.Owner), webhookSettings{
			url: record.URL, job: record.Job, secret: hub.Secret(record.Secret), watched: record.Watched, domains: record.Domains,
		}, concurrency)
		w.id, w.state, w.failures, w.changed = id, record.State, record.Failures, false
		w.lastTrigger, w.triggers = record.LastTrigger, record.Triggers
		numbers[id] = record.Number
		s.hooks.all = append(s.hooks.all, w)
		return eachRecord(tx, bucketLogs, id+" ", func(key string, log logRecord) error {
			w.logs = append(w.logs, log.entry(strings.TrimPrefix(key, id+" "), w))
			return nil
		})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(s.hooks.all, func(a, b *webhook) int { return cmp.Compare(numbers[a.id], numbers[b.id]) })
	for _, w := range s.hooks.all {
		slices.SortStableFunc(w.logs, deliveryLog.compare)
	}
	return eachRecord(tx, bucketDeliveries, "", func(id string, record deliveryRecord) error {
		if w := s.hooks.withID(record.Hook); w != nil {
			s.hooks.resumed = append(s.hooks.resumed, record.delivery(w))
		} else {
			s.hooks.finish(&delivery{id: id})
		}
		return nil
	})
}

func (r deliveryRecord) delivery(w *webhook) *delivery {
	return &delivery{id: r.ID, hook: w, event: r.Event, repo: r.Repo, body: r.Body}
}

func (r logRecord) entry(id string, w *webhook) deliveryLog {
	entry := deliveryLog{
		id: id, sent: r.Delivery.delivery(w), try: r.Try, replay: r.Replay, url: r.URL,
		outcome: outcome{status: r.Status, answer: r.Answer, began: r.Began, took: r.Took},
	}
	if r.Error != "" {
		entry.err = errors.New(r.Error)
	}
	return entry
}

// resume takes up the deliveries that an earlier process did not finish. A receiver knows what it got before by the id.
func (s *Server) resume() {
	for _, d := range s.hooks.resumed {
		s.outbox().add(d, deliveryFaults{})
	}
	s.hooks.resumed = nil
}

// keepOnDisk gives a new repository its place in the data folder.
func (s *Server) keepOnDisk(r *repo) {
	if s.disk != nil {
		r.git.persistent = true
		r.lfs.dir = filepath.Clean(s.disk.lfsDir(r.id))
	}
}
