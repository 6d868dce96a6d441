// Package dev is the stage on which rules are tried while they are written: a local Hub with a user and an account for
// the bot, the bot itself, and for each rule the calls that make it fire.
package dev

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// The accounts on the local Hub.
const (
	UserName = "demo"
	BotName  = "hfbot"
	// OrgName is an organisation of both: only where it is a member may the bot merge, close and hide.
	OrgName = "acme-lab"
)

// Options of a stage.
type Options struct {
	Rules      []string // files and folders
	DryRun     bool     // of all steps
	Listen     string   // of the bot
	HubListen  string
	Log        *zap.Logger             // of the bot
	OnDelivery func(emulator.Delivery) // after each try of a delivery
	// RunJob runs a Job of the local Hub; nil: Jobs are recorded only.
	RunJob func(ctx context.Context, process emulator.JobProcess, say func(line string)) error
}

// Dev is a running stage.
type Dev struct {
	Hub *emulator.Server
	Bot *bot.Bot

	opts    Options
	cast    cast
	hook    string            // id of the bot's webhook
	threads map[string]thread // prepared, by what they are for
	dir     string
	stop    context.CancelFunc
	stopped chan error
}

// Start sets the stage; nothing of it outlives Close. Rules with errors give a [*bot.RulesError].
func Start(ctx context.Context, opts Options) (d *Dev, err error) {
	d = &Dev{opts: opts, threads: map[string]thread{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "hfbot-dev-"); err != nil {
		return d, err
	}
	if d.cast, err = castFor(opts.Rules); err != nil {
		return d, err
	}
	if err = d.startHub(ctx); err != nil {
		return d, err
	}
	if err = d.startBot(ctx); err != nil {
		return d, err
	}
	return d, nil
}

// startHub makes the accounts that the rules and their tests name.
func (d *Dev) startHub(ctx context.Context) (err error) {
	options := emulator.Options{
		OnDelivery: d.opts.OnDelivery, RunJob: d.opts.RunJob,
	}
	for _, name := range append([]string{UserName, BotName}, d.cast.people...) {
		options.Users = append(options.Users, emulator.User{Name: name, Token: Token(name)})
	}
	for _, name := range d.cast.orgs {
		options.Orgs = append(options.Orgs, emulator.Org{
			Name: name, Members: map[string]string{UserName: "admin", BotName: "write"},
		})
	}
	if d.Hub, err = emulator.New(options); err != nil {
		return err
	}
	err = d.Hub.Start(ctx, d.opts.HubListen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another for the local Hub with --hub-listen (port 0 takes a free one)", err)
	}
	return err
}

func (d *Dev) startBot(ctx context.Context) (err error) {
	secret := hub.Secret(rand.Text())
	d.Bot, err = bot.New(ctx, bot.Options{
		Endpoint: d.Hub.URL(), Token: hub.Secret(Token(BotName)), Rules: d.opts.Rules, Listen: d.opts.Listen, WorkDir: d.dir,
		Database: "sqlite:" + filepath.Join(d.dir, "hfbot.db"), WebhookSecrets: []hub.Secret{secret},
		AllowPrivate: true, DryRun: d.opts.DryRun, Log: d.opts.Log,
	})
	if err != nil {
		return err
	}
	serve, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop, d.stopped = stop, make(chan error, 1)
	go func() { d.stopped <- d.Bot.Serve(serve) }()
	made, err := d.Hub.Client(BotName).CreateWebhook(ctx, hub.WebhookInput{
		URL: d.Bot.URL() + "/webhook", Secret: secret, Domains: []string{"repo", "discussion"}, Watched: d.watched(),
	})
	if err != nil {
		return fmt.Errorf("add the webhook: %w", err)
	}
	d.hook = made.ID
	return nil
}

// watched is all that can happen here.
func (d *Dev) watched() []hub.Watched {
	list := []hub.Watched{{Type: "user", Name: UserName}}
	for _, name := range d.cast.orgs {
		list = append(list, hub.Watched{Type: "org", Name: name})
	}
	return list
}

// quietly does something on the Hub of which the bot is told nothing.
func (d *Dev) quietly(ctx context.Context, do func() error) error {
	client := d.Hub.Client(BotName)
	if _, err := client.DisableWebhook(ctx, d.hook); err != nil {
		return err
	}
	err := do()
	_, enabled := client.EnableWebhook(ctx, d.hook)
	return errors.Join(err, enabled)
}

// Close ends the bot and the Hub, and removes what they kept.
func (d *Dev) Close() error {
	var errs []error
	if d.stop != nil {
		d.stop()
		errs = append(errs, <-d.stopped)
	}
	if d.Bot != nil {
		errs = append(errs, d.Bot.Close())
	}
	if d.Hub != nil {
		errs = append(errs, d.Hub.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// knows tells whether a repository of that name can be made here.
func (d *Dev) knows(name string) bool {
	owner, _, _ := strings.Cut(name, "/")
	return strings.EqualFold(owner, UserName) || slices.ContainsFunc(d.cast.orgs, func(org string) bool {
		return strings.EqualFold(owner, org)
	})
}
