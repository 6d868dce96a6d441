package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/otlp"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/internal/database"
)

// serveFlags are the settings that `hfbot serve` takes as flags.
var serveFlags = []string{
	"rules", "listen", "database", "work_dir", "workers", "lease", "keep_for", "keep_newest", "endpoint", "insecure_no_secret",
	"allow_egress", "allow_private_egress", "trusted_proxies", "dry_run",
	"public_host", "allowed_users", "allowed_orgs", "manage_webhook", "watch", "log_level", "log_format",
}

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot: receive deliveries, match them against the rules and work their steps",
		Long: `Runs the bot until it is interrupted. Deliveries come in at POST /webhook; the dashboard is at /, its data as JSON
under /api/v1. Settings are flags, environment (HF_TOKEN, WEBHOOK_SECRET, HFBOT_…) or hfbot.yaml, in this order.`,
		Example: "  HF_TOKEN=hf_… WEBHOOK_SECRET=… hfbot serve --rules rules.yaml",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), c.Flags(), c.ErrOrStderr())
		},
	}
	config.AddFlags(c.Flags(), serveFlags...)
	return c
}

// serve runs the bot, or a page that says why it cannot start: always on a Space, elsewhere while only the Hub is missing.
func serve(ctx context.Context, flags *pflag.FlagSet, stderr io.Writer) error {
	cfg, err := config.Load(flags)
	onSpace := os.Getenv("SPACE_ID") != ""
	for err == nil {
		err = runServe(ctx, cfg, stderr)
		waits := hubAway(err) || onSpace && errors.Is(err, bot.ErrRulesUnread)
		if ctx.Err() != nil || !waits {
			break
		}
		err = awaitRules(ctx, cfg, err, stderr)
		if ctx.Err() != nil {
			return err
		}
	}
	if err != nil && onSpace && ctx.Err() == nil {
		return serveSetup(ctx, cfg, err, "the Space is started anew", stderr)
	}
	return err
}

func runServe(ctx context.Context, cfg *config.Config, stderr io.Writer) (err error) {
	if cfg.ManagesWebhook() && len(cfg.WebhookSecrets) == 0 {
		cfg.WebhookSecrets = subscription.DeriveSecrets(cfg.Token, cmp.Or(cfg.SpaceID, cfg.PublicHost), cfg.SecretGeneration)
	}
	if cfg.OnSpace() && cfg.Token == "" {
		return errNoToken
	}
	if err = cfg.RequireWebhookSecret(); err != nil {
		return err
	}
	log, err := newLogger(cfg.LogLevel, cfg.LogFormat, stderr)
	if err != nil {
		return err
	}
	rules := cfg.Rules
	if len(rules) == 0 {
		if rules, err = config.FindRules("."); err != nil {
			return err
		}
	}
	var webhook bot.WebhookOptions
	if cfg.ManagesWebhook() {
		home, _, _ := strings.Cut(cfg.SpaceID, "/")
		webhook = bot.WebhookOptions{URL: subscription.Address(cfg.PublicHost), Watch: cfg.Watch, Home: home}
	}
	if path, isSQLite := database.SQLite(cfg.Database); isSQLite && cfg.OnSpace() && config.OnRootDisk(path) {
		log.Warn("the database is on the Space's own disk, which is emptied at each restart: "+bot.KeepState,
			zap.String("database", database.Shown(cfg.Database)))
	}
	tracer, closeTracer, err := otlp.Open(readBuild().Version, os.LookupEnv, log)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
		defer cancel()
		closeTracer(ctx)
	}()
	b, err := bot.New(ctx, bot.Options{
		Endpoint: cfg.Endpoint, Token: cfg.Token, Rules: rules, Database: cfg.Database, Listen: cfg.Listen,
		WebhookSecrets: cfg.WebhookSecrets, AdminToken: cfg.AdminToken, SignIn: signIn(cfg), PublicHost: cfg.PublicHost,
		Webhook: webhook, AllowEgress: cfg.AllowEgress, AllowPrivate: cfg.AllowPrivateEgress,
		TrustedProxies: cfg.Proxies(), DryRun: cfg.DryRun,
		WorkDir: cfg.WorkDir, Workers: cfg.Workers,
		Lease: cfg.Lease, KeepFor: cfg.KeepFor, KeepNewest: cfg.KeepNewest, Log: log, Tracer: tracer,
	})
	if wrong := new(bot.RulesError); errors.As(err, &wrong) {
		fmt.Fprint(stderr, wrong.Problems.Text())
		return fmt.Errorf("the rules have errors; nothing was started (hfbot check shows them too)")
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	log.Info("ready", zap.String("webhook", b.URL()+"/webhook"), zap.String("dashboard", b.URL()),
		zap.Int("rules", len(b.Rules().Rules)), zap.String("database", database.Shown(cfg.Database)))
	return logEnd(ctx, b.Serve, log)
}

// logEnd works, and logs when the bot is told to end, since steps under way may keep it for a while, and when it has.
func logEnd(ctx context.Context, work func(context.Context) error, log *zap.Logger) error {
	told := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		log.Info("stopping: nothing more is received, and steps under way may end first; a second signal ends the bot at once")
		close(told)
	})
	err := work(ctx)
	if !forget() {
		<-told
	}
	log.Info("stopped")
	return err
}

// lastTraces bounds how long the end of the bot waits for the collector of traces.
const lastTraces = 3 * time.Second

// signIn is how people sign in to the dashboard with their account on the Hub. The owner of the bot's Space may always.
func signIn(cfg *config.Config) dashboard.SignIn {
	owner, _, _ := strings.Cut(cfg.SpaceID, "/")
	return dashboard.SignIn{
		Provider: cmp.Or(cfg.OpenIDProvider, cfg.Endpoint), ClientID: cfg.OAuthClientID, ClientSecret: cfg.OAuthClientSecret,
		Users: cfg.AllowedUsers, Orgs: cfg.AllowedOrgs, Owner: owner,
	}
}
