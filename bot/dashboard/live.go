package dashboard

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	liveEvery = 250 * time.Millisecond // between two looks at the same page, at least
	liveSweep = 5 * time.Second        // a look without being told of a change: another instance may have made it
	mostOpen  = 1_000                  // pages kept up to date at a time
	liveQueue = 16                     // updates that wait for a slow reader; then it gets the whole page again
)

// build makes a page anew.
type build func(ctx context.Context) (*page, error)

// feed keeps open pages up to date. Pages with the same address are one topic, looked at once for all who have it open.
type feed struct {
	ctx context.Context //nolint:containedctx // the life of the dashboard, which outlives the request that opens a topic
	log *zap.Logger

	mu     sync.Mutex
	topics map[string]*topic
	open   int // readers of all topics
	most   int // of them
	done   sync.WaitGroup
}

func newFeed(ctx context.Context, log *zap.Logger) *feed {
	return &feed{ctx: ctx, log: log, topics: map[string]*topic{}, most: mostOpen}
}

// wait returns when no topic is worked any more. The feed's context must have ended.
func (f *feed) wait() {
	func() {
		f.mu.Lock() // it only waits for those inside: whoever subscribes after this sees that the context has ended
		defer f.mu.Unlock()
	}()
	f.done.Wait()
}

// poke says that something changed: what the ids name, or anything without ids.
func (f *feed) poke(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.topics {
		if len(ids) > 0 && t.watch != nil && !slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(t.watch, id) }) {
			continue
		}
		select {
		case t.poked <- struct{}{}:
		default: // it looks anyway
		}
	}
}

// update is what an open page gets: the regions that changed. It is shared by all readers.
type update struct {
	Version string                  `json:"-"`
	Regions map[string]regionChange `json:"regions"`
	text    []byte                  // as JSON
}

// regionChange is the order of a region's items, and those that are new or different.
type regionChange struct {
	Order []string          `json:"order"`
	Items map[string]string `json:"items"`
}

// topic is a page that somebody has open.
type topic struct {
	feed  *feed
	key   string
	build build
	poked chan struct{}
	stop  context.CancelFunc

	// Guarded by feed.mu.
	watch   []string
	readers map[*reader]bool
	regions []region // as the readers have it; nil before the first look
	version string
}

// reader is one open page.
type reader struct {
	topic   *topic
	have    string // the version that it came with; asked once
	updates chan *update
	behind  bool // it missed an update: the next is whole
}

// subscribe opens a page for a reader that has a version of it; nil: too many are open.
func (f *feed) subscribe(key, have string, b build) *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open >= f.most {
		return nil
	}
	f.open++
	t := f.topics[key]
	if t == nil {
		ctx, stop := context.WithCancel(f.ctx)
		t = &topic{feed: f, key: key, build: b, poked: make(chan struct{}, 1), stop: stop, readers: map[*reader]bool{}}
		f.topics[key] = t
		if f.ctx.Err() == nil {
			f.done.Go(func() { t.serve(ctx) })
		}
	}
	r := &reader{topic: t, have: have, updates: make(chan *update, liveQueue)}
	t.readers[r] = true
	if t.regions != nil && have != t.version {
		r.send(whole(t.regions, t.version))
	}
	return r
}

// leave closes a page; the last one to leave ends the topic.
func (r *reader) leave() {
	f := r.topic.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	delete(r.topic.readers, r)
	if len(r.topic.readers) == 0 {
		r.topic.stop()
		delete(f.topics, r.topic.key)
	}
}

// send hands an update to a reader; feed.mu is held.
func (r *reader) send(u *update) {
	select {
	case r.updates <- u:
	default:
		r.behind = true
	}
}

// serve looks at the page when something changed, and now and then, until ctx ends.
func (t *topic) serve(ctx context.Context) {
	sweep := time.NewTicker(liveSweep)
	defer sweep.Stop()
	for {
		t.look(ctx)
		pause := time.NewTimer(liveEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-t.poked:
		case <-sweep.C:
		}
	}
}

// look makes the page anew and tells its readers what is different.
func (t *topic) look(ctx context.Context) {
	p, err := t.build(ctx)
	if err != nil {
		if ctx.Err() == nil {
			t.feed.log.Warn("an open page is not kept up to date", zap.String("page", t.key), zap.Error(err))
		}
		return
	}
	f, now := t.feed, version(p.Regions)
	f.mu.Lock()
	defer f.mu.Unlock()
	t.watch = p.Watch
	if now == t.version {
		t.catchUp()
		return
	}
	first := t.regions == nil
	change := difference(t.regions, p.Regions, now)
	t.regions, t.version = p.Regions, now
	for r := range t.readers {
		switch {
		case first && r.have == now: // it shows just this
		case first, r.behind:
			r.behind = false
			r.send(whole(t.regions, now))
		default:
			r.send(change)
		}
	}
}

// catchUp gives the whole page to readers that missed an update; feed.mu is held.
func (t *topic) catchUp() {
	for r := range t.readers {
		if r.behind {
			r.behind = false
			r.send(whole(t.regions, t.version))
		}
	}
}

// version names the content of regions.
func version(regions []region) string {
	sum := fnv.New128a()
	for _, r := range regions {
		_, _ = sum.Write([]byte(r.ID))
		for _, i := range r.Items {
			_, _ = sum.Write([]byte(i.Key + "\x00" + string(i.HTML) + "\x00"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// whole is an update with everything.
func whole(regions []region, version string) *update { return difference(nil, regions, version) }

// difference is the update from one state of regions to another.
func difference(before, after []region, version string) *update {
	u := &update{Version: version, Regions: map[string]regionChange{}}
	for _, r := range after {
		had := map[string]item{}
		var order []string
		for _, old := range before {
			if old.ID == r.ID {
				for _, i := range old.Items {
					had[i.Key], order = i, append(order, i.Key)
				}
			}
		}
		change := regionChange{Order: make([]string, len(r.Items)), Items: map[string]string{}}
		for n, i := range r.Items {
			change.Order[n] = i.Key
			if old, ok := had[i.Key]; !ok || old.HTML != i.HTML {
				change.Items[i.Key] = string(i.HTML)
			}
		}
		if before == nil || len(change.Items) > 0 || !slices.Equal(order, change.Order) {
			u.Regions[r.ID] = change
		}
	}
	u.text, _ = json.Marshal(u) // strings only: it cannot fail
	return u
}
