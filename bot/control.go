package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

var _ dashboard.Control = (*Bot)(nil)

// newDashboard makes the dashboard of the bot.
func (b *Bot) newDashboard(client *hub.Client) (*dashboard.Dashboard, error) {
	proxies, err := readNetworks("trusted_proxies", b.opts.TrustedProxies)
	if err != nil {
		return nil, err
	}
	return dashboard.New(dashboard.Options{
		Store: b.store, Rules: b.Rules, RuleProblems: b.RuleProblems, Actions: b.opts.Actions, Control: b, Hub: client,
		AdminToken: b.opts.AdminToken, SignIn: b.opts.SignIn, Listen: b.opts.Listen, PublicHost: b.opts.PublicHost,
		Address: func() string {
			if b.listener == nil {
				return ""
			}
			return b.listener.Addr().String()
		},
		Proxies: proxies, Log: b.log,
	}), nil
}

// Replay accepts a stored delivery again and returns the id of the new one. With again, what happened once may happen
// once more: new idempotency keys, and values of once_per are free.
func (b *Bot) Replay(ctx context.Context, delivery string, again bool) (string, error) {
	id, err := b.store.Replay(ctx, delivery, again)
	if err != nil {
		return "", err
	}
	b.dispatcher.take(id)
	b.dashboard.Changed(id)
	return id, nil
}

// Explain matches a payload against the rules in force and says what would become of it. Facts that rules need are looked
// up on the Hub; nothing is written. What only the history of the bot decides (once_per, limits, opting out) is left out.
func (b *Bot) Explain(ctx context.Context, body []byte) (rule.Explanation, error) {
	p, err := hub.ParsePayload(body)
	if err == nil && p.Event.Scope == "" {
		err = errors.New("it has no event.scope")
	}
	if err != nil {
		return rule.Explanation{}, fmt.Errorf("not a webhook payload: %w", err)
	}
	facts := FactsOf(b.dispatcher.hub, p)
	e := rule.Explanation{Rules: b.Rules().Match(ctx, rule.Delivery{ID: "try", Body: body, Payload: p}, facts)}
	if ctx.Err() != nil {
		return rule.Explanation{}, ctx.Err()
	}
	if _, err := b.dispatcher.markOwn(ctx, &store.Delivery{ID: "try", Body: body, ReceivedAt: time.Now()}, p, &e, facts); err != nil {
		return rule.Explanation{}, err
	}
	return e, nil
}

// Cancel ends a run; a step under way is interrupted.
func (b *Bot) Cancel(ctx context.Context, run string) error { return b.engine.Cancel(ctx, run) }

// Retry runs a failed or cancelled run again from the step that failed.
func (b *Bot) Retry(ctx context.Context, run string) error { return b.engine.Retry(ctx, run) }
