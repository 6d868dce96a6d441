// Package demo plays hfbot's whole mission on loopback: a local Hub, the bot, and a user who pushes and opens a pull
// request. Nothing in it is acted: the push is git, the Hub answers HTTP, the bot is the one that `hfbot serve` runs,
// and what came of it is read back from the Hub.
package demo

import (
	"context"
	_ "embed" // rules and weights
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// The cast. Both accounts live on the local Hub only.
const (
	userName  = "demo"
	userToken = "hf_demo"
	botName   = "hfbot"
	botToken  = "hf_hfbot"
	secret    = "demo-webhook-secret"
	ciToken   = "demo-github-token"
)

// repo is the model that the user pushes.
var repo = hub.RepoRef{Type: hub.Model, Name: userName + "/tiny-model"}

//go:embed rules.yaml
var rules string

// Demo is the running stage: the local Hub, the stand-in for GitHub and the bot.
type Demo struct {
	Hub *emulator.Server
	Bot *bot.Bot

	ci      *ci
	user    *hub.Client
	dir     string
	begun   time.Time
	stop    context.CancelFunc
	stopped chan error
	acts    []act
}

// act is something the user did.
type act struct {
	at   time.Time
	text string
}

// Start sets the stage in a temporary folder, with the bot's log going to log.
func Start(ctx context.Context, log *zap.Logger) (d *Demo, err error) {
	d = &Demo{begun: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "hfbot-demo-"); err != nil {
		return d, err
	}
	if d.ci, err = startCI(ctx); err != nil {
		return d, err
	}
	if err = d.startHub(ctx); err != nil {
		return d, fmt.Errorf("start the local Hub: %w", err)
	}
	if err = d.startBot(ctx, log); err != nil {
		return d, fmt.Errorf("start the bot: %w", err)
	}
	return d, d.addWebhook(ctx)
}

func (d *Demo) startHub(ctx context.Context) (err error) {
	d.Hub, err = emulator.New(emulator.Options{
		Users: []emulator.User{{Name: userName, Token: userToken}, {Name: botName, Token: botToken}},
	})
	if err != nil {
		return err
	}
	if err = d.Hub.Start(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	d.user = d.Hub.Client(userName)
	return d.user.CreateRepo(ctx, repo, hub.CreateRepoOptions{})
}

func (d *Demo) startBot(ctx context.Context, log *zap.Logger) (err error) {
	path := filepath.Join(d.dir, "rules.yaml")
	if err = os.WriteFile(path, []byte(strings.ReplaceAll(rules, "GITHUB_API", d.ci.url)), 0o600); err != nil {
		return err
	}
	d.Bot, err = bot.New(ctx, bot.Options{
		Endpoint: d.Hub.URL(), Token: botToken, Rules: []string{path}, Listen: "127.0.0.1:0",
		Database: "sqlite:" + filepath.Join(d.dir, "hfbot.db"), WorkDir: d.dir, WebhookSecrets: []hub.Secret{secret},
		AllowPrivate: true, Log: log,
		LookupEnv: func(name string) (string, bool) { return ciToken, name == "GITHUB_TOKEN" },
	})
	if err != nil {
		return err
	}
	serve, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop, d.stopped = stop, make(chan error, 1)
	go func() { d.stopped <- d.Bot.Serve(serve) }()
	return nil
}

// addWebhook is what the bot's owner does once on the Hub's settings page.
func (d *Demo) addWebhook(ctx context.Context) error {
	_, err := d.Hub.Client(botName).CreateWebhook(ctx, hub.WebhookInput{
		URL: d.Bot.URL() + "/webhook", Secret: secret, Domains: []string{"repo", "discussion"},
		Watched: []hub.Watched{{Type: "user", Name: userName}},
	})
	if err != nil {
		return fmt.Errorf("add the webhook: %w", err)
	}
	return nil
}

// Close ends the bot, the Hub and the CI, and removes their folder.
func (d *Demo) Close() error {
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
	if d.ci != nil {
		errs = append(errs, d.ci.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// CloneURL is the repository's address with the user's throw-away credentials in it.
func (d *Demo) CloneURL() string {
	return strings.Replace(d.user.RepoURL(repo), "://", "://"+userName+":"+userToken+"@", 1)
}
