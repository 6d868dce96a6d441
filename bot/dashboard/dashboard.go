// Package dashboard shows what the bot did and why: pages for people and the same data as JSON under /api/v1.
package dashboard

import (
	"context"

	"github.com/labstack/echo/v4"

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
}

// Options of the dashboard; all but RuleProblems, AdminToken and PublicHost are required.
type Options struct {
	Store      *store.Store
	Rules      func() *rule.Set
	Actions    *actions.Registry
	Control    Control
	AdminToken hub.Secret // bearer token of the admin; empty: loopback callers only
	Listen     string     // the address the bot listens on
	PublicHost string     // host name under which the world reaches the bot; empty: none

	// RuleProblems are the errors of the rule files when they are not those in force; nil: never any.
	RuleProblems func() rule.Problems
}

// Register adds the pages and the API to e.
func Register(e *echo.Echo, opts Options) {
	if opts.RuleProblems == nil {
		opts.RuleProblems = func() rule.Problems { return nil }
	}
	admin := access{token: opts.AdminToken, local: opts.PublicHost == "" && loopback(opts.Listen)}
	api := api{opts}
	v1 := e.Group("/api/v1", admin.require)
	v1.GET("/deliveries", api.deliveries)
	v1.GET("/deliveries/:id", api.delivery)
	v1.POST("/deliveries/:id/replay", api.replay)
	v1.GET("/runs", api.runs)
	v1.GET("/runs/:id", api.run)
	v1.POST("/runs/:id/cancel", api.cancel)
	v1.POST("/runs/:id/retry", api.retry)
	v1.GET("/rules", api.rules)
	v1.GET("/actions", api.actions)

	pages := pages{opts}
	web := e.Group("", headers, admin.require)
	web.GET("/", pages.overview)
	web.GET("/deliveries", pages.deliveries)
	web.GET("/deliveries/:id", pages.delivery)
	web.GET("/runs", pages.runs)
	web.GET("/runs/:id", pages.run)
	web.GET("/rules", pages.rules)
	web.GET("/actions", pages.actions)
	e.GET("/style.css", style, headers)
}
