package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// account is who the bot is on the Hub; its zero value is nobody (no token).
type account struct{ ID, Name string }

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

// ownAct returns why the event at a commit is something the bot did itself, "" when it is not.
//
// Comments and discussions carry their author. A push carries nobody, so the commit is looked for among those the bot
// wrote, and then, because the Hub's call may arrive before the bot has noted its own commit, its author is asked for.
func (d *dispatcher) ownAct(ctx context.Context, p *hub.Payload, ref, sha string, facts rule.FactsFor) (string, error) {
	me, err := d.self(ctx)
	if err != nil || me.ID == "" {
		return "", err
	}
	scope, created := p.Event.Scope, p.Event.Action == "create"
	switch {
	case scope == "discussion.comment" && p.Comment != nil && p.Comment.Author.ID == me.ID:
		return "the bot (" + me.Name + ") wrote this comment", nil
	case scope == "discussion" && created && p.Discussion != nil && p.Discussion.Author.ID == me.ID:
		return "the bot (" + me.Name + ") opened this discussion", nil
	case strings.HasPrefix(scope, "repo.content") && sha != "":
		return d.ownCommit(ctx, me, ref, sha, facts)
	}
	return "", nil
}

func (d *dispatcher) ownCommit(ctx context.Context, me account, ref, sha string, facts rule.FactsFor) (string, error) {
	own, err := d.store.IsOwn(ctx, store.OwnCommit, sha)
	if err != nil {
		return "", err
	}
	if own {
		return "the bot (" + me.Name + ") made this commit", nil
	}
	commit, err := facts(ref, sha).Fact(ctx, "commit")
	if hub.IsNotFound(err) {
		return "", nil // gone again
	} else if err != nil {
		return "", err
	}
	fields, _ := commit.(map[string]any)
	if authors, _ := fields["authors"].([]string); slices.Contains(authors, me.Name) {
		return "the bot (" + me.Name + ") is the commit's author", nil
	}
	return "", nil
}

// markOwn skips the matches that are the bot's own acts, for rules that do not ask for them. It tells whether any was.
func (d *dispatcher) markOwn(ctx context.Context, p *hub.Payload, e *rule.Explanation, facts rule.FactsFor) (own bool, err error) {
	for i := range e.Rules {
		o := &e.Rules[i]
		if o.Verdict != rule.VerdictMatched || o.Rule == nil {
			continue
		}
		act, err := d.ownAct(ctx, p, o.Ref, o.SHA, facts)
		if err != nil {
			return false, fmt.Errorf("find out whether the bot did this itself: %w", err)
		}
		if act == "" {
			continue
		}
		own = true
		if !o.Rule.OwnEvents {
			skip(o, "own_event", rule.Clause{Clause: "own_events", Want: "somebody else's act", Got: act})
		}
	}
	return own, nil
}
