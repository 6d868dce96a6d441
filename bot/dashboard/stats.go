package dashboard

import (
	"context"
	"net/url"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

const (
	statsFresh = time.Second           // counts older than this are counted anew,
	statsShare = 20                    // or than this many times what counting took,
	statsOld   = 5 * time.Second       // or than this
	statsWait  = 25 * time.Millisecond // that a page waits for them; then it shows the latest, and is told when it is open
	hubFresh   = time.Minute           // what the Hub said is asked anew after this
	hubTimeout = 10 * time.Second
)

// span is a stretch of time that charts show, in parts of equal length.
type span struct {
	Name  string
	Title string
	Part  time.Duration
	Parts int
}

// spans are the choices; the first is the default.
var spans = []span{
	{"24h", "24 hours", time.Hour, 24},
	{"7d", "7 days", 6 * time.Hour, 28},
	{"30d", "30 days", 24 * time.Hour, 30},
}

func spanNamed(name string) span {
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	return spans[0]
}

// part is what happened in one part of a span.
type part struct {
	At time.Time
	store.Activity
}

// counts is what the overview and the rules page tell that takes counting.
type counts struct {
	Parts    map[string][]part // by name of the span
	Backlog  store.Backlog
	Triggers map[string]int64            // deliveries in 24 h by webhook
	Verdicts map[string]map[string]int64 // in 24 h, by rule
	Taken    time.Time
	Took     time.Duration
}

// old tells whether counts are to be taken anew at a time: counting takes no more than a twentieth of it, unless very long.
func (c *counts) old(now time.Time) bool {
	return now.Sub(c.Taken) > min(max(statsFresh, statsShare*c.Took), statsOld)
}

// hooks is what the Hub said about the webhooks of the bot's account.
type hooks struct {
	List  []hub.Webhook
	Err   error
	Asked time.Time
}

// stats counts in the background, so that no page waits long for it: where counting takes its time, pages show the latest
// counts. Parts of a span that are over are counted once.
type stats struct {
	ctx      context.Context //nolint:containedctx // the life of the dashboard
	opts     Options
	changed  func()
	patience time.Duration // how long a page waits for fresh counts
	done     sync.WaitGroup

	mu       sync.Mutex
	latest   *counts
	hooks    *hooks
	counting chan struct{} // closed when what is being counted is there; nil: nothing is
	asking   bool
	over     map[string]map[time.Time]part // by span
}

func newStats(ctx context.Context, opts Options, changed func()) *stats {
	s := &stats{ctx: ctx, opts: opts, changed: changed, patience: statsWait, over: map[string]map[time.Time]part{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew()
	return s
}

// wait returns when nothing is counted any more. The context must have ended.
func (s *stats) wait() {
	func() {
		s.mu.Lock() // it only waits for those inside: whoever looks after this sees that the context has ended
		defer s.mu.Unlock()
	}()
	s.done.Wait()
}

// now gives counts that are fresh when they can be had soon, else the latest, nil before the first.
func (s *stats) now(ctx context.Context) *counts {
	s.mu.Lock()
	counting := s.renew()
	s.mu.Unlock()
	if counting != nil {
		wait := time.NewTimer(s.patience)
		defer wait.Stop()
		select {
		case <-counting:
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest
}

// renew has new counts taken when the latest are old, and gives what is closed when they are there; nil: the latest are
// fresh. mu is held.
func (s *stats) renew() <-chan struct{} {
	if s.latest != nil && !s.latest.old(s.opts.Now()) {
		return nil
	}
	if s.counting == nil && s.ctx.Err() == nil {
		s.counting = make(chan struct{})
		s.done.Go(s.count)
	}
	return s.counting
}

// webhooks gives what the Hub said last about the webhooks of the bot's account, nil before the first answer.
func (s *stats) webhooks() *hooks {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Hub == nil || s.opts.Hub.Token() == "" {
		return nil
	}
	if (s.hooks == nil || s.opts.Now().Sub(s.hooks.Asked) > hubFresh) && !s.asking && s.ctx.Err() == nil {
		s.asking = true
		s.done.Go(s.ask)
	}
	return s.hooks
}

// forget makes the next look at the webhooks ask the Hub.
func (s *stats) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = nil
}

// count takes new counts.
func (s *stats) count() {
	c, err := s.take()
	s.mu.Lock()
	close(s.counting)
	s.counting = nil
	if err == nil {
		s.latest = c
	}
	s.mu.Unlock()
	if err != nil && s.ctx.Err() == nil {
		s.opts.Log.Warn("the dashboard's counts are not up to date", zap.Error(err))
	}
	if err == nil {
		s.changed()
	}
}

func (s *stats) take() (*counts, error) {
	now, begun := s.opts.Now(), time.Now()
	day := now.Add(-24 * time.Hour)
	c := &counts{Parts: map[string][]part{}, Taken: now}
	var err error
	if c.Backlog, err = s.opts.Store.Backlog(s.ctx); err != nil {
		return nil, err
	}
	if c.Triggers, err = s.opts.Store.Triggers(s.ctx, day); err != nil {
		return nil, err
	}
	if c.Verdicts, err = s.opts.Store.VerdictCounts(s.ctx, day); err != nil {
		return nil, err
	}
	for _, sp := range spans {
		if c.Parts[sp.Name], err = s.parts(sp, now); err != nil {
			return nil, err
		}
	}
	c.Took = time.Since(begun)
	return c, nil
}

// parts counts the parts of a span that are not known yet, the present one among them. A part that is over is kept only
// some time after its end, when what was under way is written.
func (s *stats) parts(sp span, now time.Time) ([]part, error) {
	const late = time.Minute
	known, kept := s.over[sp.Name], map[time.Time]part{}
	var list []part
	for i := sp.Parts - 1; i >= 0; i-- {
		at := now.UTC().Truncate(sp.Part).Add(-time.Duration(i) * sp.Part)
		p, ok := known[at]
		if !ok {
			a, err := s.opts.Store.Activity(s.ctx, at, at.Add(sp.Part))
			if err != nil {
				return nil, err
			}
			p = part{at, a}
		}
		if at.Add(sp.Part + late).Before(now) {
			kept[at] = p
		}
		list = append(list, p)
	}
	s.over[sp.Name] = kept
	return list, nil
}

// ask asks the Hub for the account's webhooks and keeps those that call this bot.
func (s *stats) ask() {
	ctx, cancel := context.WithTimeout(s.ctx, hubTimeout)
	defer cancel()
	list, err := s.opts.Hub.Webhooks(ctx)
	s.mu.Lock()
	s.hooks, s.asking = &hooks{List: list, Err: err, Asked: s.opts.Now()}, false
	s.mu.Unlock()
	s.changed()
}

// isOurs tells whether a webhook's address is this bot's.
func (s *stats) isOurs(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if s.opts.PublicHost != "" {
		return u.Host == s.opts.PublicHost || u.Hostname() == s.opts.PublicHost
	}
	return u.Host == s.opts.Address()
}
