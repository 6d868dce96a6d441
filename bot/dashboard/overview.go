package dashboard

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// hubTriggers is how often the Hub calls a webhook in 24 hours at most (https://huggingface.co/docs/hub/webhooks).
const hubTriggers = 1_000

// latestShown is how many deliveries and runs the overview lists.
const latestShown = 8

// front is the overview; for those who may not see it, the visitors' page of a public bot.
func (d *Dashboard) front(c echo.Context) error {
	p, err := d.admin.who(c.Request())
	switch {
	case err != nil:
		return err
	case p != nil:
		c.Set("person", p)
		return d.overview(c)
	case d.PublicHost != "":
		return d.visitor(c)
	case !wantsPage(c.Request()):
		return d.admin.refuse(c)
	}
	return d.showLogin(c, http.StatusUnauthorized, "")
}

// overviewPage is what the overview shows beside its regions.
type overviewPage struct {
	Span  span
	Spans []span
	Fresh bool // nothing ever came in: say what to do first
	Hook  string
	Rules int
}

func (d *Dashboard) overview(c echo.Context) error {
	sp := spanNamed(c.QueryParam("span"))
	return d.answer(c, "overview", func(ctx context.Context, c echo.Context) (*page, error) {
		latest := store.Filter{Limit: latestShown}
		list, err := d.Store.Deliveries(ctx, latest)
		if err != nil {
			return nil, err
		}
		deliveries, err := d.deliveryRows(ctx, list)
		if err != nil {
			return nil, err
		}
		did, err := d.Store.Runs(ctx, latest)
		if err != nil {
			return nil, err
		}
		runs, err := runRows(did)
		if err != nil {
			return nil, err
		}
		figures, err := d.figures(ctx, sp, csrfOf(c))
		if err != nil {
			return nil, err
		}
		data := overviewPage{
			Span: sp, Spans: spans, Fresh: len(list) == 0, Hook: d.hookAddress(c.Request()), Rules: len(d.Rules().Rules),
		}
		return &page{
			Title: "Overview", Here: "overview", Data: data,
			Regions: append(figures, region{"deliveries", deliveries}, region{"runs", runs}),
		}, nil
	})
}

// hookAddress is where the Hub is to send deliveries.
func (d *Dashboard) hookAddress(r *http.Request) string {
	switch {
	case d.PublicHost != "":
		return "https://" + d.PublicHost + "/webhook"
	case secure(r):
		return "https://" + r.Host + "/webhook"
	}
	return "http://" + r.Host + "/webhook"
}

// tile is a number at the top of the overview.
type tile struct {
	Name, Value, Note string
	Link              string
	Since             time.Time // the value is the time since
	Class             string
}

// figures are the regions of numbers, charts and the Hub.
func (d *Dashboard) figures(ctx context.Context, sp span, csrf string) ([]region, error) {
	c := d.stats.now(ctx)
	tiles := region{ID: "tiles"}
	charts := region{ID: "charts"}
	if c != nil {
		for _, t := range tilesOf(c) {
			it, err := piece("tile-"+t.Name, "piece_tile.html", t)
			if err != nil {
				return nil, err
			}
			tiles.Items = append(tiles.Items, it)
		}
		for _, ch := range activityCharts(sp, c.Parts[sp.Name]) {
			it, err := piece("chart-"+ch.Slug, "piece_chart.html", ch)
			if err != nil {
				return nil, err
			}
			charts.Items = append(charts.Items, it)
		}
	}
	state, err := piece("hub-state", "piece_hub.html", d.hubState(c, csrf))
	if err != nil {
		return nil, err
	}
	return []region{tiles, charts, {"hub", []item{state}}}, nil
}

func tilesOf(c *counts) []tile {
	var deliveries, ended, failed int64
	for _, p := range c.Parts[spans[0].Name] {
		deliveries += p.Deliveries
		for state, n := range p.Runs {
			ended += n
			if state == store.RunFailed {
				failed += n
			}
		}
	}
	failures := tile{Name: "Failed", Value: number(float64(failed)), Note: "runs in 24 h", Link: "/runs?state=failed"}
	if failed > 0 {
		failures.Class = "bad"
	}
	b := c.Backlog.Runs
	queue := tile{Name: "Queued", Value: number(float64(b[store.Queued])), Note: "nothing is due", Link: "/runs?state=queued"}
	if b[store.Queued] > 0 {
		queue.Note, queue.Since = "the oldest is due since", c.Backlog.Oldest
	}
	return []tile{
		{Name: "Deliveries", Value: number(float64(deliveries)), Note: "in 24 h", Link: "/deliveries"},
		{Name: "Runs", Value: number(float64(ended)), Note: "ended in 24 h", Link: "/runs"},
		failures,
		{Name: "Running", Value: number(float64(b[store.Running])), Note: "now", Link: "/runs?state=running"},
		queue,
		{Name: "Waiting", Value: number(float64(b[store.Waiting])), Note: "for a time or a turn", Link: "/runs?state=waiting"},
	}
}

// hubState is what is known about the Hub: webhooks and how many calls are left.
type hubState struct {
	Account bool // there is a token to ask with
	Asked   bool
	Error   string
	Hooks   []hookState
	Others  int64 // deliveries in 24 h that name no webhook of the account
	Budgets []hub.Budget
	CSRF    string
}

// hookState is one webhook.
type hookState struct {
	hub.Webhook
	Used    int64
	Limit   int
	Percent int
}

func (d *Dashboard) hubState(c *counts, csrf string) hubState {
	s := hubState{CSRF: csrf}
	if d.Hub == nil || d.Hub.Token() == "" {
		return s
	}
	s.Account, s.Budgets = true, d.Hub.Budgets()
	used := map[string]int64{}
	if c != nil {
		used = c.Triggers
	}
	h := d.stats.webhooks()
	if h == nil {
		return s
	}
	s.Asked = true
	if h.Err != nil {
		s.Error = cut(clauseShown, h.Err.Error())
	}
	for _, w := range h.List {
		if _, called := used[w.ID]; !called && !d.stats.isOurs(w.URL) {
			continue // another program's
		}
		one := hookState{Webhook: w, Used: used[w.ID], Limit: hubTriggers}
		one.Percent = int(min(one.Used*100/hubTriggers, 100))
		s.Hooks = append(s.Hooks, one)
	}
	return s
}
