package emulator

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/hfbot/hfbot/hub"
)

// collection is a list of things that belong together (https://huggingface.co/docs/hub/collections). It is guarded by
// the lock of collections.
type collection struct {
	id          string
	owner       *account
	title       string
	description string
	theme       string
	private     bool
	position    int
	updated     time.Time
	items       []collectionItem
}

// collectionItem is one thing in a collection; it goes by its present name.
type collectionItem struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Target string `json:"target"` // the id of a repository or collection; of a paper its name
	Note   string `json:"note,omitempty"`
}

// collections are those of all accounts, oldest first. The zero value is ready to use.
type collections struct {
	mu  sync.Mutex
	all []*collection
}

// Bounds of a collection (https://huggingface.co/.well-known/openapi.json).
const (
	maxCollections = 1000 // of one account
	maxItems       = 1000
	maxHeading     = 60
	maxSummary     = 150
	maxNote        = 500
)

var collectionThemes = []string{"orange", "blue", "green", "purple", "pink", "indigo"}

// collectionChange is what a call changes; nil stays as it is.
type collectionChange struct {
	Title       *string `json:"title"`
	Description *string `json:"description"`
	Theme       *string `json:"theme"`
	Private     *bool   `json:"private"`
	Position    *int    `json:"position"`
}

func (in collectionChange) check() error {
	switch {
	case in.Title != nil && (*in.Title == "" || utf8.RuneCountInString(*in.Title) > maxHeading):
		return deny(http.StatusBadRequest, `"title" must have 1 to %d characters`, maxHeading)
	case in.Description != nil && utf8.RuneCountInString(*in.Description) > maxSummary:
		return deny(http.StatusBadRequest, `"description" must have at most %d characters`, maxSummary)
	case in.Theme != nil && !slices.Contains(collectionThemes, *in.Theme):
		return deny(http.StatusBadRequest, `"theme" must be one of %s`, strings.Join(collectionThemes, ", "))
	case in.Position != nil && *in.Position < 0:
		return deny(http.StatusBadRequest, `"position" must not be negative`)
	}
	return nil
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug is how the collection is called: its owner, the words of its title, and its id.
func (k *collection) slug() string {
	words := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(k.title), "-"), "-")
	return k.owner.name + "/" + strings.TrimPrefix(words+"-"+k.id, "-")
}

func (k *collection) readableBy(who *account) bool {
	role := k.owner.roleOf(who)
	return !k.private || role != "" && role != roleNoAccess
}

func (k *collection) writableBy(who *account) bool {
	role := k.owner.roleOf(who)
	return role == roleAdmin || role == roleWrite || role == roleContributor
}

func (k *collection) change(in collectionChange) error {
	if err := in.check(); err != nil {
		return err
	}
	set(&k.title, in.Title)
	set(&k.description, in.Description)
	set(&k.theme, in.Theme)
	set(&k.private, in.Private)
	set(&k.position, in.Position)
	k.updated = time.Now()
	return nil
}

// set changes a value to one that was given.
func set[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

// add puts a thing at the end.
func (k *collection) add(item collectionItem) error {
	switch {
	case slices.ContainsFunc(k.items, func(each collectionItem) bool {
		return each.Type == item.Type && each.Target == item.Target
	}):
		return deny(http.StatusConflict, "This item is already in the collection")
	case len(k.items) >= maxItems:
		return deny(http.StatusForbidden, "The collection has too many items")
	}
	if err := checkNote(item.Note); err != nil {
		return err
	}
	k.items = append(k.items, item)
	k.updated = time.Now()
	return nil
}

func checkNote(note string) error {
	if utf8.RuneCountInString(note) > maxNote {
		return deny(http.StatusBadRequest, `"note" must have at most %d characters`, maxNote)
	}
	return nil
}

// itemChange is what a call changes of an item; nil stays as it is.
type itemChange struct {
	Note     *string `json:"note"`
	Position *int    `json:"position"`
}

func (k *collection) changeItem(id string, in itemChange) error {
	at := slices.IndexFunc(k.items, func(each collectionItem) bool { return each.ID == id })
	if at < 0 {
		return deny(http.StatusNotFound, "No item with this id in the collection")
	}
	if in.Note != nil {
		if err := checkNote(*in.Note); err != nil {
			return err
		}
		k.items[at].Note = *in.Note
	}
	if in.Position != nil {
		item := k.items[at]
		k.items = slices.Delete(k.items, at, at+1)
		k.items = slices.Insert(k.items, min(max(*in.Position, 0), len(k.items)), item)
	}
	k.updated = time.Now()
	return nil
}

func (k *collection) removeItem(id string) error {
	before := len(k.items)
	k.items = slices.DeleteFunc(k.items, func(each collectionItem) bool { return each.ID == id })
	if len(k.items) == before {
		return deny(http.StatusNotFound, "No item with this id in the collection")
	}
	k.updated = time.Now()
	return nil
}

// withID finds a collection; the lock must be held.
func (l *collections) withID(id string) *collection {
	for _, each := range l.all {
		if each.id == id {
			return each
		}
	}
	return nil
}

// with does something to a collection that exists, under the lock.
func (l *collections) with(k *collection, do func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.withID(k.id) == nil {
		return deny(http.StatusNotFound, "Collection not found")
	}
	return do()
}

var errCollectionExists = errors.New("a collection with this title exists already")

// add enters a collection. One of the same title is found instead.
func (l *collections) add(made *collection) (existing *collection, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, each := range l.all {
		if each.owner != made.owner {
			continue
		}
		if each.title == made.title {
			return each, errCollectionExists
		}
		count++
	}
	if count >= maxCollections {
		return nil, deny(http.StatusForbidden, "This account has too many collections: delete some")
	}
	l.all = append(l.all, made)
	return nil, nil
}

// collectionRecord is a collection on disk.
type collectionRecord struct {
	Owner       string           `json:"owner"`
	Title       string           `json:"title"`
	Description string           `json:"description,omitempty"`
	Theme       string           `json:"theme"`
	Private     bool             `json:"private,omitempty"`
	Position    int              `json:"position"`
	Updated     time.Time        `json:"updated"`
	Items       []collectionItem `json:"items,omitempty"`
}

func (s *Server) keepCollection(k *collection) {
	s.unsaved.put(bucketCollections, k.id, func() any {
		s.collections.mu.Lock()
		defer s.collections.mu.Unlock()
		return &collectionRecord{
			Owner: k.owner.id, Title: k.title, Description: k.description, Theme: k.theme, Private: k.private,
			Position: k.position, Updated: k.updated, Items: slices.Clone(k.items),
		}
	})
}

func (s *Server) loadCollections(tx *bbolt.Tx) error {
	return eachRecord(tx, bucketCollections, "", func(id string, record collectionRecord) error {
		s.collections.all = append(s.collections.all, &collection{
			id: id, owner: s.knownAccount(record.Owner), title: record.Title, description: record.Description,
			theme: record.Theme, private: record.Private, position: record.Position, updated: record.Updated,
			items: record.Items,
		})
		return nil
	})
}

// sorted lists the collections that pass, in the order asked for, the newest change first without one.
func (l *collections) sorted(order string, pass func(*collection) bool) []*collection {
	list := slices.DeleteFunc(slices.Clone(l.all), func(k *collection) bool { return !pass(k) })
	slices.SortStableFunc(list, func(a, b *collection) int {
		if order == "" {
			return cmp.Or(cmp.Compare(a.position, b.position), b.updated.Compare(a.updated))
		}
		return b.updated.Compare(a.updated) // nobody upvotes here, and nothing trends
	})
	return list
}

// itemTypes are the kinds of things that the local Hub can put into a collection.
var itemTypes = map[string]hub.RepoType{
	"model": hub.Model, "dataset": hub.Dataset, "space": hub.Space, "collection": "", "paper": "",
}
