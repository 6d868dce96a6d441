package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// registerAPI adds the same data as JSON.
func (d *Dashboard) registerAPI(v1 *echo.Group) {
	api := api{d}
	v1.GET("/deliveries", api.deliveries)
	v1.GET("/deliveries/:id", api.delivery)
	v1.POST("/deliveries/:id/replay", api.replay)
	v1.POST("/deliveries/:id/explain", api.explainStored)
	v1.GET("/runs", api.runs)
	v1.GET("/runs/:id", api.run)
	v1.GET("/runs/:id/logs", api.logs)
	v1.POST("/runs/:id/cancel", api.cancel)
	v1.POST("/runs/:id/retry", api.retry)
	v1.GET("/rules", api.rules)
	v1.POST("/explain", api.explain)
	v1.GET("/actions", api.actions)
	v1.GET("/overview", api.overview)
	v1.GET("/audit", api.audit)
	v1.GET("/breakers", api.breakers)
	v1.POST("/rules/:rule/reset", api.resetBreaker)
	v1.POST("/webhooks/:id/enable", api.enableWebhook)
}

// answerError gives what no route answers, and what a route or middleware refuses, the form of all errors. What else went
// wrong is not for the caller to know.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	code, message := http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)
	if refused := new(echo.HTTPError); errors.As(err, &refused) {
		code, message = refused.Code, fmt.Sprint(refused.Message)
	}
	_ = c.JSON(code, map[string]string{"error": message}) // the caller is gone
}

// api answers /api/v1.
type api struct{ *Dashboard }

func (a api) deliveries(c echo.Context) error {
	if err := errors.Join(oneOf(c, "state", deliveryStates), oneOf(c, "verdict", verdictWords)); err != nil {
		return err
	}
	list, next, err := a.Store.DeliveryPage(c.Request().Context(), filter(c))
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]deliveryView, len(list))
	for i := range list {
		views[i] = viewDelivery(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"deliveries": views, "next": next})
}

func (a api) delivery(c echo.Context) error {
	d, err := a.Store.Delivery(c.Request().Context(), c.Param("id"))
	if err != nil {
		return a.fail(c, err)
	}
	v, payload := viewDelivery(d), string(d.Body)
	v.Payload, v.Explanation = &payload, d.Explanation
	return c.JSON(http.StatusOK, v)
}

func (a api) replay(c echo.Context) error {
	again, _ := strconv.ParseBool(c.QueryParam("again"))
	id, err := a.replayNow(c, again)
	if err != nil {
		return a.fail(c, err)
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}

// explain matches the body of the request against the rules as they are; nothing runs.
func (a api) explain(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, formLimit))
	if err != nil {
		return c.JSON(http.StatusRequestEntityTooLarge, map[string]string{"error": "the body is larger than 2 MiB"})
	}
	return a.explained(c, body)
}

// explainStored does the same with a stored delivery.
func (a api) explainStored(c echo.Context) error {
	d, err := a.Store.Delivery(c.Request().Context(), c.Param("id"))
	if err != nil {
		return a.fail(c, err)
	}
	return a.explained(c, d.Body)
}

func (a api) explained(c echo.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), tryTimeout)
	defer cancel()
	e, err := a.Control.Explain(ctx, body)
	if err != nil {
		return c.JSON(http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
	}
	if e.Rules == nil {
		e.Rules = []rule.Outcome{}
	}
	return c.JSON(http.StatusOK, e)
}

func (a api) runs(c echo.Context) error {
	if err := oneOf(c, "state", runStates); err != nil {
		return err
	}
	list, next, err := a.Store.RunPage(c.Request().Context(), filter(c))
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]runView, len(list))
	for i := range list {
		views[i] = viewRun(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"runs": views, "next": next})
}

func (a api) run(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := a.Store.Run(ctx, c.Param("id"))
	if err != nil {
		return a.fail(c, err)
	}
	attempts, err := a.Store.Attempts(ctx, r.ID)
	if err != nil {
		return a.fail(c, err)
	}
	progress, err := a.Store.Progress(ctx, r.ID)
	if err != nil {
		return a.fail(c, err)
	}
	v := viewRun(r)
	v.addAttempts(attempts)
	v.addProgress(progress)
	return c.JSON(http.StatusOK, v)
}

func (a api) logs(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := a.Store.Run(ctx, c.Param("id"))
	if err != nil {
		return a.fail(c, err)
	}
	lines, err := a.Store.Logs(ctx, r.ID, 0)
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]logView, len(lines))
	for i, l := range lines {
		views[i] = logView{Attempt: l.Attempt, At: l.At, Level: l.Level, Message: l.Message}
		if l.Step < len(r.Steps) {
			views[i].Step = r.Steps[l.Step].ID
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"run": r.ID, "state": r.State, "logs": views})
}

func (a api) cancel(c echo.Context) error { return a.act(c, "cancel", a.Control.Cancel) }
func (a api) retry(c echo.Context) error  { return a.act(c, "retry", a.Control.Retry) }

// act does something to a run and answers with the run as it is then.
func (a api) act(c echo.Context, name string, f func(ctx context.Context, run string) error) error {
	id := c.Param("id")
	if err := a.do(c, name, id, "", func(ctx context.Context) error { return f(ctx, id) }); err != nil {
		return a.fail(c, err)
	}
	return a.run(c)
}

func (a api) rules(c echo.Context) error {
	set, counts := a.Rules(), a.stats.now(c.Request().Context())
	views := make([]ruleView, len(set.Rules))
	for i, r := range set.Rules {
		views[i] = viewRule(r)
		if counts != nil {
			views[i].Verdicts = counts.Verdicts[r.ID]
		}
	}
	problems := a.RuleProblems() // with any, the rules are those of before
	if problems == nil {
		problems = rule.Problems{}
	}
	return c.JSON(http.StatusOK, map[string]any{
		"rules": views, "hash": set.Hash, "loaded_at": set.LoadedAt.UTC(), "problems": problems,
	})
}

func (a api) actions(c echo.Context) error {
	return c.JSON(http.StatusOK, a.Actions.Catalogue())
}

func (a api) overview(c echo.Context) error {
	sp, counts := spanNamed(c.QueryParam("span")), a.stats.now(c.Request().Context())
	return c.JSON(http.StatusOK, viewOverview(sp, counts, a.hubState(counts, "")))
}

func (a api) audit(c echo.Context) error {
	list, next, err := a.Store.AuditPage(c.Request().Context(), filter(c))
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]auditView, len(list))
	for i, one := range list {
		views[i] = auditView{one.ID, one.At, one.Who, one.Act, one.Target, one.Detail}
	}
	return c.JSON(http.StatusOK, map[string]any{"audit": views, "next": next})
}

// breakers lists the open ones.
func (a api) breakers(c echo.Context) error {
	list, err := a.Store.OpenBreakers(c.Request().Context(), c.QueryParam("rule"))
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]breakerView, len(list))
	for i, b := range list {
		views[i] = breakerView(b)
	}
	return c.JSON(http.StatusOK, map[string]any{"breakers": views})
}

// resetBreaker closes the breaker of a rule on ?repo=, a repository's name or id.
func (a api) resetBreaker(c echo.Context) error {
	name, repo := c.Param("rule"), c.QueryParam("repo")
	err := a.do(c, "reset_breaker", name, "repository "+repo, func(ctx context.Context) error {
		return a.Store.ResetBreaker(ctx, name, repo)
	})
	if errors.Is(err, store.ErrState) && !a.hasRule(name) {
		return c.JSON(http.StatusNotFound, map[string]string{"error": "there is no rule " + name})
	}
	if err != nil {
		return a.fail(c, err)
	}
	return c.JSON(http.StatusOK, map[string]string{"rule": name, "repo": repo})
}

// hasRule tells whether a rule is in force.
func (a api) hasRule(id string) bool {
	return slices.ContainsFunc(a.Rules().Rules, func(r *rule.Rule) bool { return r.ID == id })
}

func (a api) enableWebhook(c echo.Context) error {
	if a.Hub == nil {
		return echo.ErrNotFound
	}
	id := c.Param("id")
	err := a.do(c, "enable_webhook", id, "", func(ctx context.Context) error {
		_, err := a.Hub.EnableWebhook(ctx, id)
		return err
	})
	a.stats.forget()
	if err != nil {
		return c.JSON(http.StatusBadGateway, map[string]string{"error": err.Error()})
	}
	return c.JSON(http.StatusOK, map[string]string{"webhook": id})
}

// fail answers 404 for what is not there, 409 for what cannot be done to it, and hides everything else.
func (a api) fail(c echo.Context, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c.JSON(http.StatusNotFound, map[string]string{"error": "there is no such delivery or run"})
	case errors.Is(err, store.ErrState):
		return c.JSON(http.StatusConflict, map[string]string{"error": err.Error()})
	}
	return err
}
