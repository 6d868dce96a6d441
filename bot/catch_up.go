package bot

import (
	"context"
	"encoding/json"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/catchup"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// recentDeliveries is how many of a repository's deliveries are looked through for what the bot knows of it.
const recentDeliveries = 20

// lastCalled is when the newest delivery came in; the zero time before the first.
func (b *Bot) lastCalled(ctx context.Context) (time.Time, error) {
	newest, err := b.store.Deliveries(ctx, store.Filter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return time.Time{}, err
	}
	return newest[0].ReceivedAt, nil
}

// catchUp finds what happened while the bot was not called, and takes it in as if the Hub had told it. A bot without a
// history has missed nothing that it could know of.
func (b *Bot) catchUp(ctx context.Context, watched []hub.Watched, domains []string) {
	since, until := b.calledBefore, b.servedFrom
	b.calledBefore = time.Time{} // only the first look is about the time before the start
	if since.IsZero() {
		until = time.Now()
		var err error
		if since, err = b.lastCalled(ctx); err != nil {
			b.log.Error("look for missed events", zap.Error(err))
			return
		}
	}
	if since.IsZero() {
		return
	}
	found, err := catchup.Missed(ctx, catchup.Look{
		Hub: b.identity.hub, Watched: watched, Domains: domains, Since: since, Until: until, Head: b.knownHead,
	})
	if err != nil {
		b.log.Warn("not all repositories could be looked at for missed events", zap.Error(err))
	}
	taken := 0
	for _, event := range found.Events {
		told, err := b.told(ctx, event)
		if err == nil && !told {
			_, _, err = b.Accept(ctx, event.Body, event.Key, store.SourceCatchUp)
			taken++
		}
		if err != nil {
			b.log.Error("take in a missed event", zap.Stringer("repo", event.Repo), zap.Error(err))
		}
	}
	b.log.Info("looked for events missed since the bot was last called", zap.Time("since", since),
		zap.Int("repos", found.Repos), zap.Int("events", taken), zap.Bool("cut", found.Cut))
}

// knownHead is the head of main that the newest delivery about a repository told.
func (b *Bot) knownHead(ctx context.Context, repo string) (string, error) {
	head := ""
	err := eachRecent(ctx, b.store, repo, func(_ *store.Delivery, p *hub.Payload) bool {
		head = p.Repo.HeadSHA
		return head != ""
	})
	return head, err
}

// told tells whether the Hub itself has told of an event.
func (b *Bot) told(ctx context.Context, event catchup.Event) (bool, error) {
	return toldOf(ctx, b.store, event.Repo.Name, event.Key)
}

// toldOf looks for the Hub's delivery of an event among a repository's newest.
func toldOf(ctx context.Context, s *store.Store, repo, key string) (found bool, err error) {
	err = eachRecent(ctx, s, repo, func(d *store.Delivery, p *hub.Payload) bool {
		found = d.Source == store.SourceWebhook && catchup.KeyOf(p) == key
		return found
	})
	return found, err
}

// eachRecent goes through a repository's newest deliveries until done.
func eachRecent(ctx context.Context, s *store.Store, repo string, done func(*store.Delivery, *hub.Payload) bool) error {
	list, err := s.Deliveries(ctx, store.Filter{Repo: repo, Limit: recentDeliveries})
	if err != nil {
		return err
	}
	for _, summary := range list {
		whole, err := s.Delivery(ctx, summary.ID)
		if err != nil {
			return err
		}
		if p, err := hub.ParsePayload(whole.Body); err == nil && done(whole, p) {
			return nil
		}
	}
	return nil
}

// caughtUp finishes a delivery whose event came before in the other way: the Hub's own may have been under way, or have
// been tried again, while the bot looked.
func (d *dispatcher) caughtUp(ctx context.Context, delivery *store.Delivery, p *hub.Payload) (bool, error) {
	key := catchup.KeyOf(p)
	if key == "" || len(delivery.Explanation) > 0 {
		return false, nil
	}
	var known bool
	var note string
	var err error
	switch delivery.Source {
	case store.SourceWebhook:
		var first string
		first, known, err = d.store.DeliveryWithID(ctx, key)
		note = "the same event was caught up before, as delivery " + first
	case store.SourceCatchUp:
		known, err = toldOf(ctx, d.store, delivery.Repo, key)
		note = "the Hub told of the same event after all"
	default:
	}
	if err != nil || !known {
		return false, err
	}
	text, err := json.Marshal(rule.Explanation{Rules: []rule.Outcome{}, Notes: []string{note}})
	if err != nil {
		return false, err
	}
	return true, d.store.InTx(ctx, func(tx *store.Tx) error {
		return tx.FinishMatch(delivery.ID, text, nil, "")
	})
}
