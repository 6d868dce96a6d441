package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
)

const (
	keepEvery = 10 * time.Minute // how often the webhook is looked at: the Hub tells nobody that it has suspended one
	keepSoon  = 15 * time.Second // the first wait after a failure, doubled after each further one
	keepLimit = 2 * time.Minute  // bounds one look
)

// WebhookOptions say whether the bot looks after its own webhook on the Hub.
type WebhookOptions struct {
	URL   string   // where the Hub reaches the bot; empty: the bot leaves its webhook alone
	Watch []string // beside what the rules name: users, organisations, TYPE:OWNER/NAME
	Home  string   // whose repositories are watched for rules that leave it open; empty: the token's owner
}

// keeper makes and mends the bot's webhook. Nothing waits for it: a bot whose webhook cannot be made still works.
type keeper struct {
	opts   WebhookOptions
	secret hub.Secret
	hub    *hub.Client
	rules  func() *rule.Set
	log    *zap.Logger
	missed func(ctx context.Context, watched []hub.Watched, domains []string) // called when deliveries may have been missed

	mu    sync.Mutex
	wrong error // of the last look
	done  bool  // the webhook has been seen to be right
}

func newKeeper(opts Options, client *hub.Client, rules func() *rule.Set) *keeper {
	k := &keeper{opts: opts.Webhook, hub: client, rules: rules, log: opts.Log}
	if len(opts.WebhookSecrets) > 0 {
		k.secret = opts.WebhookSecrets[0] // the newest; the others are being rotated out
	}
	return k
}

// serve looks after the webhook until ctx ends: at once, after each change of the rules, and now and then.
func (k *keeper) serve(ctx context.Context) {
	if k.opts.URL == "" {
		return
	}
	look, wait := time.NewTimer(0), keepSoon
	defer look.Stop()
	rules := time.NewTicker(keepSoon)
	defer rules.Stop()
	seen := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-rules.C:
			if seen == "" || k.rules().Hash == seen {
				continue
			}
		case <-look.C:
		}
		hash := k.rules().Hash
		if err := k.look(ctx, seen == ""); err != nil {
			look.Reset(wait)
			wait = min(2*wait, keepEvery)
			continue
		}
		seen, wait = hash, keepSoon
		look.Reset(keepEvery)
	}
}

// look makes the webhook as the rules need it. The first time it is set even when nothing seems to differ, because the
// Hub does not say which secret it has.
func (k *keeper) look(ctx context.Context, first bool) error {
	ctx, cancel := context.WithTimeout(ctx, keepLimit)
	defer cancel()
	result, err := k.sync(ctx, first)
	k.tell(result, err, first)
	return err
}

// tell keeps what a look found, for state, and logs what is new.
func (k *keeper) tell(result subscription.Result, err error, first bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	said := k.wrong != nil && err != nil && k.wrong.Error() == err.Error()
	k.wrong, k.done = err, err == nil
	switch {
	case err != nil && !said && !errors.Is(err, context.Canceled):
		k.log.Error("the webhook on the Hub cannot be looked after; deliveries come only if it is right", zap.Error(err))
	case err == nil && (len(result.Changes) > 0 || first):
		k.log.Info("the webhook on the Hub is as the rules need it", zap.String("webhook", result.ID),
			zap.String("url", k.opts.URL), zap.Strings("changes", result.Changes))
	}
}

func (k *keeper) sync(ctx context.Context, first bool) (subscription.Result, error) {
	home := k.opts.Home
	if home == "" {
		me, err := k.hub.WhoAmI(ctx)
		if err != nil {
			return subscription.Result{}, err
		}
		home = me.Name
	}
	interest := Interest(k.rules())
	watched, err := subscription.Watched(ctx, k.hub, interest, k.opts.Watch, home)
	if err != nil {
		return subscription.Result{}, err
	}
	result, err := subscription.Sync(ctx, k.hub, subscription.Wish{
		URL: k.opts.URL, Secret: k.secret, Watched: watched, Domains: interest.Domains, Force: first,
	}, false)
	if err == nil && (first || result.Resumed) && k.missed != nil {
		k.missed(ctx, watched, interest.Domains)
	}
	return result, err
}

// state says in words how the webhook is; empty when the bot does not look after it.
func (k *keeper) state() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.opts.URL == "":
		return ""
	case k.wrong != nil:
		return "cannot be looked after; the log says why"
	case !k.done:
		return "not looked at yet"
	}
	return "ok"
}
