package workspace

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// Cache keeps commits that were fetched, so that workspaces of one commit, also of many at once, fetch it once. Files
// that Materialize writes belong to each workspace alone. What one token fetched is never given to another.
type Cache struct {
	dir   string
	bytes int64

	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
	number  int // of the last folder
	closed  bool
}

// cacheKey tells what was fetched, how, and for whom.
type cacheKey struct {
	endpoint string
	token    [sha256.Size]byte
	repo     hub.RepoRef
	sha      string
	source   Source
	limits   Limits
}

// cacheEntry is a commit in the cache. All but ready is guarded by the lock of the cache; snapshot is set before ready
// is closed.
type cacheEntry struct {
	key      cacheKey
	dir      string
	ready    chan struct{}
	snapshot *snapshot // nil when the fetch failed
	users    int
	fetched  time.Time
	used     time.Time
	size     int64
}

// cacheAge is how long a commit is given out. What was made private or deleted since must not be read for ever.
const cacheAge = 15 * time.Minute

// NewCache makes a cache in an empty folder that it owns until Close; it is made when missing. Commits that nobody uses
// take up to so many bytes there; 0 keeps none beyond their use.
func NewCache(dir string, bytes int64) *Cache {
	return &Cache{dir: dir, bytes: bytes, entries: map[cacheKey]*cacheEntry{}}
}

// take gives the commit, fetched now or before, until it is released.
func (c *Cache) take(ctx context.Context, opts Options) (*snapshot, func() error, error) {
	key := cacheKey{
		endpoint: opts.Client.Endpoint(), token: sha256.Sum256([]byte(opts.Client.Token().Reveal())), repo: opts.Repo,
		sha: opts.SHA, source: opts.Source, limits: opts.Limits,
	}
	for {
		entry, mine, err := c.enter(key)
		if err != nil {
			return nil, nil, err
		}
		if mine {
			err := c.fetch(ctx, entry, opts)
			if err != nil {
				return nil, nil, errors.Join(err, c.drop(entry))
			}
		}
		select {
		case <-entry.ready:
		case <-ctx.Done():
			return nil, nil, errors.Join(ctx.Err(), c.release(entry))
		}
		if entry.snapshot != nil {
			return entry.snapshot, sync.OnceValue(func() error { return c.release(entry) }), nil
		}
		// Whoever fetched it failed, perhaps for a reason of its own: the next one tries itself.
		if err := c.release(entry); err != nil {
			return nil, nil, err
		}
	}
}

// enter counts a user of the commit. mine tells that it is to be fetched by the caller.
func (c *Cache) enter(key cacheKey) (entry *cacheEntry, mine bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false, errors.New("workspace: the cache is closed")
	}
	entry = c.entries[key]
	if entry != nil && (entry.fetched.IsZero() || time.Since(entry.fetched) < cacheAge) {
		entry.users++
		return entry, false, nil
	}
	if entry != nil && entry.users == 0 { // too old; one in use is removed by its last user
		_ = entry.remove() // what stays of it ends with the cache
	}
	c.number++
	entry = &cacheEntry{key: key, dir: filepath.Join(c.dir, strconv.Itoa(c.number)), ready: make(chan struct{}), users: 1}
	c.entries[key] = entry
	return entry, true, nil
}

// fetch fills an entry.
func (c *Cache) fetch(ctx context.Context, entry *cacheEntry, opts Options) error {
	defer close(entry.ready)
	if err := os.MkdirAll(entry.dir, 0o700); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	opts.Dir = entry.dir
	fetched, err := index(ctx, opts)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.snapshot, entry.fetched = fetched, time.Now()
	return nil
}

// drop forgets an entry that could not be fetched.
func (c *Cache) drop(entry *cacheEntry) error {
	c.mu.Lock()
	if c.entries[entry.key] == entry {
		delete(c.entries, entry.key)
	}
	c.mu.Unlock()
	return c.release(entry)
}

// release counts a user less, and makes room.
func (c *Cache) release(entry *cacheEntry) error {
	size := sizeOf(entry.dir)
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.users--
	entry.used, entry.size = time.Now(), size
	if entry.users == 0 && !c.holds(entry) {
		return entry.remove()
	}
	return c.makeRoom()
}

// holds tells whether the entry is still given out; the lock must be held.
func (c *Cache) holds(entry *cacheEntry) bool { return !c.closed && c.entries[entry.key] == entry }

// makeRoom removes what nobody uses, from what was used longest ago, until the rest fits; the lock must be held.
func (c *Cache) makeRoom() (err error) {
	var idle []cacheKey
	total := int64(0)
	for key, each := range c.entries {
		if each.users == 0 {
			idle = append(idle, key)
			total += each.size
		}
	}
	slices.SortFunc(idle, func(a, b cacheKey) int {
		return cmp.Or(c.entries[a].used.Compare(c.entries[b].used), cmp.Compare(a.sha, b.sha))
	})
	for _, key := range idle {
		entry := c.entries[key]
		if total <= c.bytes && time.Since(entry.fetched) < cacheAge {
			continue
		}
		total -= entry.size
		delete(c.entries, key)
		err = errors.Join(err, entry.remove())
	}
	return err
}

// remove ends an entry that nobody uses.
func (e *cacheEntry) remove() error {
	var err error
	if e.snapshot != nil {
		err = e.snapshot.close()
	}
	return errors.Join(err, os.RemoveAll(e.dir))
}

// Close removes what nobody uses; what is in use goes when its workspaces are closed.
func (c *Cache) Close() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for key, entry := range c.entries {
		if entry.users == 0 {
			delete(c.entries, key)
			err = errors.Join(err, entry.remove())
		}
	}
	return err
}

// sizeOf is what a folder takes on disk, about.
func sizeOf(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what is gone takes nothing
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
