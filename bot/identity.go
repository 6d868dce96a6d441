package bot

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// account is who the bot is on the Hub; its zero value is nobody (no token).
type account struct{ ID, Name string }

// is tells whether both are the same account; the Hub does not always tell the id.
func (a account) is(b account) bool {
	if a.ID == "" || b.ID == "" {
		return a.Name != "" && a.Name == b.Name
	}
	return a.ID == b.ID
}

// identity asks the Hub once who the token belongs to. A failed answer is not kept: the next caller asks again.
type identity struct {
	hub *hub.Client
	mu  sync.Mutex
	who account
}

// get returns the bot's account.
func (i *identity) get(ctx context.Context) (account, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.who != (account{}) || i.hub.Token() == "" {
		return i.who, nil
	}
	me, err := i.hub.WhoAmI(ctx)
	if err != nil {
		return account{}, err
	}
	i.who = account{ID: me.ID, Name: me.Name}
	return i.who, nil
}

// last returns the account as far as it is known, without a call.
func (i *identity) last() (id, name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.who.ID, i.who.Name
}

// noteOwn remembers what the bot wrote and for which rule: a push does not say whose it is, and who closes or merges
// something of the bot's means the rule that made it.
func (b *Bot) noteOwn(ctx context.Context, w hub.Write) {
	origin := run.OriginOf(ctx)
	own := store.Own{ID: w.ID, Rule: origin.Rule, RepoID: origin.RepoID, Repo: w.Repo}
	switch {
	case w.Kind == hub.WriteCommit && w.Num > 0:
		own.Kind = store.OwnPullCommit
	case w.Kind == hub.WriteCommit:
		own.Kind = store.OwnCommit
	case w.Opened:
		own.Kind, own.ID = store.OwnDiscussion, store.DiscussionID(w.Repo, w.Num)
	default:
		return // comments carry their author
	}
	if err := b.store.RecordOwn(context.WithoutCancel(ctx), own); err != nil {
		b.log.Error("remember what the bot itself did; its echo may look like another's act", zap.Error(err))
	}
}
