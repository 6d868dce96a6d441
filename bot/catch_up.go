package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/catchup"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// recentDeliveries is how many of a repository's deliveries are looked through for what the bot knows of it.
const recentDeliveries = 20

// awaitLastCalled is lastCalled, of a database that may just have gone away.
func (b *Bot) awaitLastCalled(ctx context.Context) (time.Time, error) {
	for {
		at, err := b.lastCalled(ctx)
		if !store.IsAway(err) {
			return at, err
		}
		b.log.Warn("the database went away before the bot began; it is asked again", zap.Error(err))
		select {
		case <-ctx.Done():
			return at, err
		case <-time.After(time.Second):
		}
	}
}

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

// toldAfterAll is the note of a delivery that was caught up and gave way to the Hub's own.
const toldAfterAll = "the Hub told of the same event after all"

// Of two deliveries of one event, the Hub's own and one caught up, exactly one is worked, although they may be matched
// at the same time: the Hub's own may have been under way, or have been tried again, while the bot looked. One caught
// up gives way to the Hub's wherever that is stored (giveWay). The Hub's is worked unless the other one was; while the
// other one waits or is being matched, it is finished in the transaction that works the Hub's (overtake), so that its
// own cannot commit any more.

// giveWay finishes a delivery that was caught up when the Hub's own is there.
func (d *dispatcher) giveWay(ctx context.Context, delivery *store.Delivery, p *hub.Payload) (bool, error) {
	key := catchup.KeyOf(p)
	if delivery.Source != store.SourceCatchUp || key == "" || len(delivery.Explanation) > 0 {
		return false, nil
	}
	told, err := toldOf(ctx, d.store, delivery.Repo, key)
	if err != nil || !told {
		return false, err
	}
	err = d.store.InTx(ctx, func(tx *store.Tx) error { return finishWithNote(tx, delivery.ID, toldAfterAll) })
	if errors.Is(err, store.ErrMatched) {
		err = nil // the Hub's own was faster
	}
	return true, err
}

// overtake tells whether a delivery of the Hub was finished because its event was caught up and worked before. If it was
// caught up and is undecided, that delivery is finished instead. Either is finished with a note.
func overtake(tx *store.Tx, delivery *store.Delivery, p *hub.Payload) (finished bool, err error) {
	key := catchup.KeyOf(p)
	if delivery.Source != store.SourceWebhook || key == "" || len(delivery.Explanation) > 0 {
		return false, nil
	}
	other, found, err := tx.DeliveryWithID(key)
	if err != nil || !found {
		return false, err
	}
	undecided, err := tx.Undecided(other)
	if err != nil {
		return false, err
	}
	if undecided {
		return false, finishWithNote(tx, other, toldAfterAll)
	}
	before, err := tx.Delivery(other)
	if err != nil {
		return false, err
	}
	var e rule.Explanation
	if len(before.Explanation) > 0 {
		if err := json.Unmarshal(before.Explanation, &e); err != nil {
			return false, fmt.Errorf("decode the explanation of delivery %s: %w", other, err)
		}
	}
	if slices.Contains(e.Notes, toldAfterAll) {
		return false, nil // it gave way to this one
	}
	return true, finishWithNote(tx, delivery.ID, "the same event was caught up before, as delivery "+other)
}

// finishWithNote finishes a delivery without looking at the rules.
func finishWithNote(tx *store.Tx, id, note string) error {
	text, err := json.Marshal(rule.Explanation{Rules: []rule.Outcome{}, Notes: []string{note}})
	if err != nil {
		return err
	}
	return tx.FinishMatch(id, text, nil, "")
}
