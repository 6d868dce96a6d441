// Package dashboard shows what the bot did and why: pages for people and the same data as JSON under /api/v1.
//
// Each page is one handler that builds a [page]: a template's data, and the parts of it that change while somebody looks.
// The same handler answers a browser's EventSource, with those parts as they change (live.go). Without JavaScript a page
// is whole as it is; forms and links do the rest.
package dashboard

import (
	"context"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// Control is what a person may do to the bot.
type Control interface {
	Replay(ctx context.Context, delivery string, again bool) (id string, err error)
	Cancel(ctx context.Context, run string) error
	Retry(ctx context.Context, run string) error
	// Explain matches a payload against the rules in force, and does nothing else.
	Explain(ctx context.Context, body []byte) (rule.Explanation, error)
}

// Options of the dashboard. Store, Rules, Actions and Control are required.
type Options struct {
	Store      *store.Store
	Rules      func() *rule.Set
	Actions    *actions.Registry
	Control    Control
	Hub        *hub.Client    // for the state of webhooks and the request budget; nil: not shown
	AdminToken hub.Secret     // bearer token of the admin; empty: loopback callers only, or who signs in
	SignIn     SignIn         // Sign in with Hugging Face; its zero value: not offered
	Listen     string         // the address the bot listens on
	PublicHost string         // host name under which the world reaches the bot; empty: none
	Proxies    []netip.Prefix // networks of the proxies in front, which tell in X-Forwarded-For who calls
	Log        *zap.Logger    // nil: silent

	// Address is the "host:port" that the bot listens on in truth, when Listen leaves the port open; nil: it does not.
	Address func() string
	// RuleProblems are the errors of the rule files when they are not those in force; nil: never any.
	RuleProblems func() rule.Problems
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Dashboard is the pages and the API of a bot.
type Dashboard struct {
	Options
	admin  access
	feed   *feed
	stats  *stats
	stop   context.CancelFunc
	signIn *signIn // nil: not offered
}

// New makes the dashboard of a bot. Close ends it.
func New(opts Options) *Dashboard {
	if opts.RuleProblems == nil {
		opts.RuleProblems = func() rule.Problems { return nil }
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Address == nil {
		opts.Address = func() string { return opts.Listen }
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	ctx, stop := context.WithCancel(context.Background())
	d := &Dashboard{
		Options: opts, stop: stop, feed: newFeed(ctx, opts.Log), signIn: newSignIn(opts.SignIn),
		admin: access{
			token: opts.AdminToken, local: opts.PublicHost == "" && loopback(opts.Listen),
			store: opts.Store, localKey: newSecret(), now: opts.Now, attempts: newAttempts(opts.Now),
		},
	}
	d.stats = newStats(ctx, opts, func() { d.feed.poke() })
	return d
}

// Changed says that a delivery or a run, by id, is not what it was. It never blocks.
func (d *Dashboard) Changed(ids ...string) { d.feed.poke(ids...) }

// Close ends what the dashboard does in the background, and the streams of open pages. A server must call it before it
// waits for its connections.
func (d *Dashboard) Close() {
	d.stop()
	d.feed.wait()
	d.stats.wait()
}

// Guard is middleware that lets those in who may see everything, as for the API.
func (d *Dashboard) Guard(next echo.HandlerFunc) echo.HandlerFunc { return d.admin.api(next) }

// Register adds the pages and the API to e, and gives all its errors one form.
func (d *Dashboard) Register(e *echo.Echo) {
	e.HTTPErrorHandler = answerError
	d.registerAPI(e.Group("/api/v1", sane, d.admin.api))
	web := e.Group("", d.headers, sane)
	web.GET("/", d.front)
	web.GET("/assets/:hash/:name", asset)
	web.GET("/login", d.login)
	web.POST("/login", d.loginByToken)
	web.GET("/login/huggingface", d.loginBegin)
	web.GET("/login/callback", d.loginEnd)

	in := web.Group("", d.requirePerson)
	in.GET("/deliveries", d.deliveries)
	in.GET("/deliveries/:id", d.delivery)
	in.GET("/deliveries/:id/payload", d.payload)
	in.GET("/runs", d.runs)
	in.GET("/runs/:id", d.run)
	in.GET("/runs/:id/log", d.runLog)
	in.GET("/rules", d.rules)
	in.GET("/rules/try", d.try)
	in.GET("/actions", d.actions)
	in.GET("/actions/:id", d.action)
	in.GET("/audit", d.audit)

	form := func(path string, handler echo.HandlerFunc) { in.POST(path, handler, d.checkForm) }
	form("/deliveries/:id/replay", d.replay)
	form("/runs/:id/cancel", d.cancel)
	form("/runs/:id/retry", d.retry)
	form("/rules/try", d.tryNow)
	form("/rules/:rule/reset", d.resetBreaker)
	form("/webhooks/:id/enable", d.enableWebhook)
	form("/logout", d.logout)
	in.RouteNotFound("/*", d.nothing)
}
