// Package bot is the whole bot: it wires receiving, keeping, matching, working and showing into one server. Read
// webhook, store, rule, run and dashboard in this order to follow a delivery on its way; dispatch.go, write.go
// and settle.go are the step between store and run.
package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/webhook"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/internal/scratch"
)

// drainTimeout is how long a stopping bot waits for steps under way before it interrupts them. An interrupted step is
// taken up again at the next start.
const drainTimeout = 20 * time.Second

// Options of a Bot. The zero value of a field is its default unless said otherwise.
type Options struct {
	Endpoint       string           // of the Hub; empty: huggingface.co
	Token          hub.Secret       // of the bot's account; empty: anonymous, no writes
	Rules          []string         // rule files and folders, and files on the Hub (hub.FileRef); required
	RulesPatience  time.Duration    // how long the start waits for rules on the Hub; 0: 5 s
	Database       string           // "sqlite:PATH" or "postgres://…", see store.Open; required
	Listen         string           // "host:port"; port 0 picks a free one
	WebhookSecrets []hub.Secret     // any of them opens POST /webhook; empty: everyone may call it
	AdminToken     hub.Secret       // bearer token of the dashboard and API; empty: loopback callers only, or who signs in
	SignIn         dashboard.SignIn // Sign in with Hugging Face; its zero value: not offered
	Webhook        WebhookOptions
	OnlyRule       string        // id of the one rule in force, whatever else the files hold; empty: all
	PublicHost     string        // host name under which the world reaches the bot; empty: none
	DryRun         bool          // runs all steps without their effects
	AllowEgress    []string      // addresses and networks that actions may call although they are not public
	TrustedProxies []string      // addresses and networks whose X-Forwarded-For counts when tries to sign in are bounded
	AllowPrivate   bool          // lets actions call private and loopback addresses; implied by a Hub on loopback
	WorkDir        string        // where steps get their folders; empty: the system's temporary folder
	Workers        int           // runs worked at the same time; 0: run's default
	Lease          time.Duration // how long an instance that fell silent keeps its work; 0: 20 s
	KeepFor        time.Duration // how long deliveries and their runs are kept; 0: whatever their age
	KeepNewest     int           // how many deliveries are kept; 0: whatever their number
	Actions        *actions.Registry
	LookupEnv      func(string) (string, bool) // where step secrets come from; nil: os.LookupEnv
	Log            *zap.Logger                 // nil: silent
	Tracer         trace.Tracer                // nil: no traces
}

// Bot is a bot, ready to serve.
type Bot struct {
	opts       Options
	log        *zap.Logger
	store      *store.Store
	rules      *ruleBook
	engine     *run.Engine
	dispatcher *dispatcher
	metrics    *metrics
	dashboard  *dashboard.Dashboard
	identity   *identity
	keeper     *keeper
	// calledBefore is when the Hub called last before this start; used once, by catchUp.
	calledBefore time.Time
	servedFrom   time.Time // when Serve began to receive
	http         *http.Server
	listener     net.Listener
	workDir      *scratch.Folder // for what this process needs while it runs
	allowance    *hub.Allowance  // what the Hub allows the token, for all that calls it
}

// New opens the database, loads the rules and listens, but accepts nothing yet. Rules with errors give a
// [*RulesError]. Close the Bot when it is not served.
func New(ctx context.Context, opts Options) (b *Bot, err error) {
	opts = withDefaults(opts)
	b = &Bot{opts: opts, log: opts.Log, allowance: hub.NewAllowance()}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.workDir, err = scratch.Make(cmp.Or(opts.WorkDir, os.TempDir()), "hfbot-work-"); err != nil {
		return b, err
	}
	if err = b.loadRules(ctx); err != nil {
		return b, err
	}
	if err = b.openStore(ctx); err != nil {
		return b, err
	}
	if err = b.wire(); err != nil {
		return b, err
	}
	if b.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", opts.Listen); err != nil {
		return b, listenError(opts.Listen, err)
	}
	return b, nil
}

// loadRules loads the rules in force at the start, those on the Hub as copies in the work folder.
func (b *Bot) loadRules(ctx context.Context) error {
	client, err := hub.New(b.opts.Endpoint, b.opts.Token, hub.WithAllowance(b.allowance))
	if err != nil {
		return err
	}
	copies, err := newRuleCopies(client, b.opts.Rules, filepath.Join(b.workDir.Path, "rules"))
	if err != nil {
		return err
	}
	if len(copies.copies) > 0 { // the database keeps them; that of other rules is left alone until they are found good
		if err := b.openStore(ctx); err != nil {
			return err
		}
	}
	b.rules, err = openRules(ctx, b.opts, copies, b.store)
	return err
}

// openStore opens the database, if it is not open yet.
func (b *Bot) openStore(ctx context.Context) (err error) {
	if b.store == nil {
		if b.store, err = store.Open(ctx, b.opts.Database); err == nil && b.store.Tightened() {
			b.log.Warn("others could read the database's file; it is now closed to them", zap.String("database", b.opts.Database))
		}
	}
	return err
}

func withDefaults(opts Options) Options {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Tracer == nil {
		opts.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if opts.Actions == nil {
		opts.Actions = actions.Default
	}
	if opts.Lease <= 0 {
		opts.Lease = 20 * time.Second
	}
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	return opts
}

// wire makes the stages and joins them.
func (b *Bot) wire() error {
	b.metrics = newMetrics(b.store)
	client, err := hub.New(b.opts.Endpoint, b.opts.Token, hub.WithAllowance(b.allowance), hub.WithWriteObserver(b.noteOwn),
		hub.WithTransportWrapper(b.metrics.countCalls), hub.WithTransportWrapper(b.traceCalls), hub.WithTransportWrapper(run.Fence))
	if err != nil {
		return err
	}
	b.identity = &identity{hub: client}
	b.keeper = newKeeper(b.opts, client, b.rules.current)
	b.keeper.missed = b.catchUp
	// A bot whose Hub is on this machine is being tried out, with everything that it calls beside it.
	outside, err := newEgress(b.opts.AllowPrivate || hub.OnThisMachine(client.Endpoint()), b.opts.AllowEgress)
	if err != nil {
		return err
	}
	b.engine, err = run.New(run.Options{
		Store: b.store, Actions: b.opts.Actions, Hub: client, DryRun: b.opts.DryRun,
		HTTP: outside.client(),
		Bot:  b.identity.last, Log: b.log, WorkDir: filepath.Join(b.workDir.Path, "steps"), UploadDir: uploadDir(b.opts),
		Workers: b.opts.Workers, Lease: b.opts.Lease,
		LookupEnv: b.opts.LookupEnv, Observer: b.metrics, Tracer: b.opts.Tracer, OnChange: func(run string) { b.dashboard.Changed(run) },
		Facts: func(_ *store.Delivery, p *hub.Payload, ref, sha string, known map[string]any) expr.Facts {
			return newHubFacts(client, p, ref, sha, known)
		},
	})
	if err != nil {
		return err
	}
	b.store.UseTickets(b.engine)
	b.dispatcher = newDispatcher(b.store, b.rules.current, client, b.identity.get, b.opts.Lease, b.log)
	b.dispatcher.workers = b.engine.AwaitWorkers
	b.dispatcher.metrics, b.dispatcher.tracer = b.metrics, b.opts.Tracer
	b.metrics.registry.MustRegister(stock{b.store, client, b.rules})
	if b.dashboard, err = b.newDashboard(client); err != nil {
		return err
	}
	b.dispatcher.matched = func(id string) { b.dashboard.Changed(id) }
	b.http = &http.Server{
		Handler: b.routes(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	b.http.RegisterOnShutdown(b.dashboard.Close) // or open pages would keep their connections, and the bot from stopping
	return nil
}

// URL is the address the bot listens on.
func (b *Bot) URL() string { return "http://" + b.listener.Addr().String() }

// Store gives read access to what the bot did.
func (b *Bot) Store() *store.Store { return b.store }

// Rules are the rules in force.
func (b *Bot) Rules() *rule.Set { return b.rules.current() }

// RuleProblems are the errors of the rule files as they are now, nil when they are in force: files that cannot be
// loaded leave the last good rules as they are.
func (b *Bot) RuleProblems() rule.Problems { return b.rules.problems() }

// Serve works until ctx ends or nothing more can be received, then drains: it stops receiving, lets steps under way finish
// for a while and leaves the rest to the next start.
func (b *Bot) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var err error
	b.calledBefore, err = b.awaitLastCalled(ctx)
	if ctx.Err() != nil {
		return nil // told to end before it began
	} else if err != nil {
		return err
	}
	b.servedFrom = time.Now()
	if err := b.engine.Start(ctx); err != nil {
		return fmt.Errorf("start the run engine: %w", err)
	}
	var stages sync.WaitGroup
	stages.Go(func() { b.greet(ctx) }) // a Hub that does not answer must not keep the bot from receiving
	stages.Go(func() { b.dispatcher.serve(ctx) })
	if b.opts.OnlyRule == "" {
		stages.Go(func() { b.rules.watch(ctx) })
		stages.Go(func() { b.rules.copies.serve(ctx, b.log) })
	}
	stages.Go(func() { b.keeper.serve(ctx) })
	stages.Go(func() {
		pruner{store: b.store, log: b.log, keepFor: b.opts.KeepFor, keepNewest: b.opts.KeepNewest}.serve(ctx)
	})
	failed := make(chan error, 1)
	stages.Go(func() { failed <- b.http.Serve(b.listener) })
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop() // also when the listener failed: the stages work until ctx ends
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if shut := b.http.Shutdown(drain); shut != nil {
		err = errors.Join(err, b.http.Close())
	}
	err = errors.Join(err, b.engine.Stop(drain))
	stages.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// greet says who the bot is. A Hub that does not answer stops nothing: the first delivery asks again.
func (b *Bot) greet(ctx context.Context) {
	me, err := b.identity.get(ctx)
	switch {
	case err != nil:
		b.log.Warn("the Hub does not say who the token belongs to; events wait until it does", zap.Error(err))
	case me.ID == "":
		b.log.Warn("no HF_TOKEN: the bot cannot write to the Hub, nor tell its own acts from those of others")
	default:
		b.log.Info("signed in to the Hub", zap.String("as", me.Name), zap.String("endpoint", b.opts.Endpoint))
	}
}

// Close frees what New opened.
func (b *Bot) Close() error {
	var errs []error
	if b.listener != nil {
		if err := b.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if b.dashboard != nil {
		b.dashboard.Close()
	}
	if b.store != nil {
		errs = append(errs, b.store.Close())
	}
	if b.workDir != nil {
		errs = append(errs, b.workDir.Close())
	}
	return errors.Join(errs...)
}

// keep is the receiver's way into the pipeline: durable first, then on to matching.
func (b *Bot) keep(ctx context.Context, d store.Delivery) (string, bool, error) {
	ctx, span := b.traceDelivery(ctx, &d)
	id, duplicate, err := b.store.Accept(ctx, d)
	endDelivery(span, id, duplicate, err)
	b.metrics.received(duplicate, err)
	if err != nil {
		return "", false, err
	}
	if duplicate {
		// A person who presses Replay on the Hub means: try again what failed.
		if _, err := b.store.Reopen(ctx, id); err != nil {
			b.log.Error("try again what failed of a repeated delivery", zap.String("delivery", id), zap.Error(err))
		}
		b.dispatcher.take(id)
	} else {
		d.ID = id
		b.dispatcher.takeNew(&d)
	}
	b.rules.copies.nudge(&d)
	b.dashboard.Changed(id)
	return id, duplicate, nil
}

// routes is the bot's HTTP face.
func (b *Bot) routes() http.Handler {
	e := echo.New()
	e.HideBanner = true
	e.Use(middleware.Recover())
	receive := webhook.New(b.opts.WebhookSecrets, b.keep, b.log).Handle
	for _, path := range []string{"/webhook", "/webhook/"} { // a slash too many in the webhook's settings loses nothing
		e.POST(path, receive)
		e.Match([]string{
			http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
		}, path, webhook.Explain)
	}
	health{store: b.store, rules: b.rules, identity: b.identity, keeper: b.keeper}.register(e)
	e.GET("/metrics", b.metrics.handler(), b.dashboard.Guard)
	b.dashboard.Register(e)
	return e
}
