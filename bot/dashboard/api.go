package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// Page sizes of lists.
const (
	pageSize    = 50
	maxPageSize = 500
)

// api answers /api/v1.
type api struct{ Options }

// deliveryView is a delivery in a list; the last two fields are filled for a single one.
type deliveryView struct {
	ID          string            `json:"id"`
	WebhookID   string            `json:"webhook_id"`
	ReceivedAt  time.Time         `json:"received_at"`
	Source      store.Source      `json:"source"`
	State       string            `json:"state"`
	Scope       string            `json:"scope"`
	Action      string            `json:"action"`
	Repo        string            `json:"repo"`
	RepoType    string            `json:"repo_type"`
	Duplicates  int               `json:"duplicates"`
	Error       string            `json:"error,omitempty"`
	Verdicts    map[string]string `json:"verdicts"`
	Runs        []string          `json:"runs"`
	Payload     *string           `json:"payload,omitempty"`
	Explanation json.RawMessage   `json:"explanation,omitempty"`
}

func viewDelivery(d *store.Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, WebhookID: d.WebhookID, ReceivedAt: d.ReceivedAt, Source: d.Source, State: string(d.State),
		Scope: d.Scope, Action: d.Action, Repo: d.Repo, RepoType: d.RepoType, Duplicates: d.Duplicates, Error: d.Error,
		Verdicts: d.Verdicts, Runs: d.Runs,
	}
	if v.Verdicts == nil {
		v.Verdicts = map[string]string{}
	}
	if v.Runs == nil {
		v.Runs = []string{}
	}
	return v
}

// runView is a run in a list; steps are filled for a single one.
type runView struct {
	ID         string         `json:"id"`
	Rule       string         `json:"rule"`
	Delivery   string         `json:"delivery"`
	Repo       string         `json:"repo"`
	RepoType   string         `json:"repo_type"`
	Ref        string         `json:"ref,omitempty"`
	SHA        string         `json:"sha,omitempty"`
	State      store.RunState `json:"state"`
	Reason     string         `json:"reason,omitempty"`
	WaitUntil  *time.Time     `json:"wait_until,omitempty"`
	Attempt    int            `json:"attempt"`
	CreatedAt  time.Time      `json:"created_at"`
	StartedAt  *time.Time     `json:"started_at"`
	FinishedAt *time.Time     `json:"finished_at"`
	Error      string         `json:"error"`
	Steps      []stepView     `json:"steps,omitempty"`
}

type stepView struct {
	ID         string         `json:"id"`
	Uses       string         `json:"uses"`
	State      store.RunState `json:"state"`
	Attempt    int            `json:"attempt"`
	With       map[string]any `json:"with,omitempty"`
	Outputs    map[string]any `json:"outputs"`
	Error      string         `json:"error"`
	StartedAt  *time.Time     `json:"started_at"`
	FinishedAt *time.Time     `json:"finished_at"`
}

func viewRun(r *store.Run) runView {
	v := runView{
		ID: r.ID, Rule: r.Rule, Delivery: r.DeliveryID, Repo: r.Repo, RepoType: r.RepoType, Ref: r.Ref, SHA: r.SHA,
		State: r.State, Reason: r.Reason, WaitUntil: moment(r.WaitUntil), Attempt: r.Attempt, CreatedAt: r.CreatedAt,
		StartedAt: moment(r.StartedAt), FinishedAt: moment(r.FinishedAt), Error: r.Error,
	}
	for _, s := range r.Steps {
		v.Steps = append(v.Steps, stepView{
			ID: s.ID, Uses: s.Uses, State: s.State, Attempt: s.Attempt, With: s.With, Outputs: s.Outputs, Error: s.Error,
			StartedAt: moment(s.StartedAt), FinishedAt: moment(s.FinishedAt),
		})
	}
	return v
}

// moment is nil for the zero time, so that JSON says null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// filter reads the query parameters that lists understand.
func filter(c echo.Context) store.Filter {
	limit, err := strconv.Atoi(c.QueryParam("limit"))
	if err != nil || limit < 1 {
		limit = pageSize
	}
	return store.Filter{
		Rule: c.QueryParam("rule"), State: c.QueryParam("state"), Repo: c.QueryParam("repo"),
		Delivery: c.QueryParam("delivery"), Before: c.QueryParam("before"), Limit: min(limit, maxPageSize),
	}
}

// next is the id to page from when the page is full, else empty.
func next[T any](page []T, f store.Filter, id func(T) string) string {
	if len(page) < f.Limit {
		return ""
	}
	return id(page[len(page)-1])
}

func (a api) deliveries(c echo.Context) error {
	f := filter(c)
	list, err := a.Store.Deliveries(c.Request().Context(), f)
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]deliveryView, len(list))
	for i := range list {
		views[i] = viewDelivery(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{
		"deliveries": views, "next": next(views, f, func(v deliveryView) string { return v.ID }),
	})
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
	id, err := a.Control.Replay(c.Request().Context(), c.Param("id"), again)
	if err != nil {
		return a.fail(c, err)
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}

func (a api) runs(c echo.Context) error {
	f := filter(c)
	list, err := a.Store.Runs(c.Request().Context(), f)
	if err != nil {
		return a.fail(c, err)
	}
	views := make([]runView, len(list))
	for i := range list {
		views[i] = viewRun(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{
		"runs": views, "next": next(views, f, func(v runView) string { return v.ID }),
	})
}

func (a api) run(c echo.Context) error {
	r, err := a.Store.Run(c.Request().Context(), c.Param("id"))
	if err != nil {
		return a.fail(c, err)
	}
	return c.JSON(http.StatusOK, viewRun(r))
}

func (a api) cancel(c echo.Context) error { return a.act(c, a.Control.Cancel) }
func (a api) retry(c echo.Context) error  { return a.act(c, a.Control.Retry) }

// act does something to a run and answers with the run as it is then.
func (a api) act(c echo.Context, do func(ctx context.Context, run string) error) error {
	if err := do(c.Request().Context(), c.Param("id")); err != nil {
		return a.fail(c, err)
	}
	return a.run(c)
}

func (a api) rules(c echo.Context) error {
	set := a.Rules()
	views := make([]map[string]any, len(set.Rules))
	for i, r := range set.Rules {
		views[i] = map[string]any{"id": r.ID, "file": r.File, "line": r.Line, "summary": r.Summary}
	}
	problems := a.RuleProblems()
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
