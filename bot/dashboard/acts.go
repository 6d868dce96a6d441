package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
)

// do makes an act of a person, and writes it into the audit log first: what is not written is not done.
func (d *Dashboard) do(c echo.Context, act, target, detail string, f func(ctx context.Context) error) error {
	ctx := c.Request().Context()
	err := d.Store.AddAudit(ctx, store.Audit{Who: personOf(c).Who, Act: act, Target: target, Detail: detail})
	if err != nil {
		return err
	}
	return f(ctx)
}

// replayNow accepts a delivery again and returns the new one's id.
func (d *Dashboard) replayNow(c echo.Context, again bool) (id string, err error) {
	old, detail := c.Param("id"), ""
	if again {
		detail = "again"
	}
	err = d.do(c, "replay", old, detail, func(ctx context.Context) (err error) {
		id, err = d.Control.Replay(ctx, old, again)
		return err
	})
	return id, err
}

func (d *Dashboard) replay(c echo.Context) error {
	again, _ := strconv.ParseBool(c.FormValue("again"))
	id, err := d.replayNow(c, again)
	if err != nil {
		return d.failed(c, err)
	}
	return c.Redirect(http.StatusSeeOther, "/deliveries/"+id+"?done=replayed")
}

func (d *Dashboard) cancel(c echo.Context) error {
	return d.runAct(c, "cancel", d.Control.Cancel)
}

func (d *Dashboard) retry(c echo.Context) error {
	return d.runAct(c, "retry", d.Control.Retry)
}

// runAct does something to a run and shows it.
func (d *Dashboard) runAct(c echo.Context, act string, f func(ctx context.Context, run string) error) error {
	id := c.Param("id")
	if err := d.do(c, act, id, "", func(ctx context.Context) error { return f(ctx, id) }); err != nil {
		return d.failed(c, err)
	}
	return c.Redirect(http.StatusSeeOther, "/runs/"+id+"?done="+act)
}

func (d *Dashboard) resetBreaker(c echo.Context) error {
	rule, repo := c.Param("rule"), c.FormValue("repo_id")
	err := d.do(c, "reset_breaker", rule, "repository "+repo, func(ctx context.Context) error {
		return d.Store.ResetBreaker(ctx, rule, repo)
	})
	if err != nil {
		return d.failed(c, err)
	}
	return c.Redirect(http.StatusSeeOther, "/rules?done=reset#"+rule)
}

func (d *Dashboard) enableWebhook(c echo.Context) error {
	id := c.Param("id")
	if d.Hub == nil {
		return echo.ErrNotFound
	}
	err := d.do(c, "enable_webhook", id, "", func(ctx context.Context) error {
		_, err := d.Hub.EnableWebhook(ctx, id)
		return err
	})
	d.stats.forget()
	if err != nil {
		return d.problem(c, http.StatusBadGateway, "The webhook is not switched on",
			"The Hub said: "+err.Error()+". The bot's token needs the permission to manage webhooks.")
	}
	return c.Redirect(http.StatusSeeOther, "/?done=enabled")
}

// failed shows what is wrong: 404 for what is not there, 409 for what cannot be done to it; anything else is for the log.
func (d *Dashboard) failed(c echo.Context, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return d.problem(c, http.StatusNotFound, "Not found",
			"There is no such delivery or run. It may have been removed because it was old.")
	case errors.Is(err, store.ErrState):
		return d.problem(c, http.StatusConflict, "This cannot be done now", "Nothing was done: "+err.Error()+
			". Go back and reload the page to see how things stand.")
	}
	return err
}

// nothing is the page for an address that leads nowhere.
func (d *Dashboard) nothing(c echo.Context) error {
	if !wantsPage(c.Request()) {
		return echo.ErrNotFound
	}
	return d.problem(c, http.StatusNotFound, "Not found", "There is no page at this address.")
}

// audit is the list of what people did.
func (d *Dashboard) audit(c echo.Context) error {
	f := filter(c)
	return d.answer(c, "audit", func(ctx context.Context, c echo.Context) (*page, error) {
		list, next, err := d.Store.AuditPage(ctx, f)
		if err != nil {
			return nil, err
		}
		return &page{Title: "What people did", Here: "audit", Static: true, Next: older(c, next), Data: list}, nil
	})
}
