package dashboard

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	payloadShown  = 24 << 10 // bytes of a payload on its page; the whole is one link away
	outcomesShown = 25       // rules explained on one page
	clauseShown   = 400      // bytes of what a clause wanted or saw
)

var (
	deliveryStates = []string{"received", "matched", "failed"}
	verdictWords   = []string{"matched", "skipped", "error", "not_matched"}
)

// deliveryRow is a delivery in a list.
type deliveryRow struct {
	store.Delivery
	Verdict []ruleVerdict // other than not_matched
	Rules   int           // all that were looked at
	Did     []store.Run
}

// ruleVerdict is what became of a rule.
type ruleVerdict struct{ Rule, Verdict string }

// verdictOrder puts what people look for first.
var verdictOrder = map[string]int{"error": 0, "matched": 1, "skipped": 2, "not_matched": 3}

func (d *Dashboard) deliveryRows(ctx context.Context, list []store.Delivery) ([]item, error) {
	runs, err := d.Store.RunsOf(ctx, list)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(list))
	for i, one := range list {
		row := deliveryRow{Delivery: one, Rules: len(one.Verdicts), Did: runs[one.ID]}
		for r, v := range one.Verdicts {
			if v != "not_matched" {
				row.Verdict = append(row.Verdict, ruleVerdict{r, v})
			}
		}
		slices.SortFunc(row.Verdict, func(a, b ruleVerdict) int {
			return cmp.Or(cmp.Compare(verdictOrder[a.Verdict], verdictOrder[b.Verdict]), cmp.Compare(a.Rule, b.Rule))
		})
		if items[i], err = piece("d-"+one.ID, "piece_delivery_row.html", row); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// deliveries is the list.
func (d *Dashboard) deliveries(c echo.Context) error {
	f := filter(c)
	return d.answer(c, "deliveries", func(ctx context.Context, c echo.Context) (*page, error) {
		list, next, err := d.Store.DeliveryPage(ctx, f)
		if err != nil {
			return nil, err
		}
		rows, err := d.deliveryRows(ctx, list)
		if err != nil {
			return nil, err
		}
		return &page{
			Title: "Deliveries", Here: "deliveries", Next: older(c, next), Static: f.Before != "",
			Data:    d.filterForm(f, deliveryStates, verdictWords),
			Regions: []region{{"deliveries", rows}},
		}, nil
	})
}

// deliveryPage is what the page of one delivery shows.
type deliveryPage struct {
	Delivery *store.Delivery
	Payload  string
	Cut      bool   // the payload is longer than what is shown
	Raw      bool   // as it came, and not indented
	Later    string // address of more outcomes
}

// delivery is the page of one.
func (d *Dashboard) delivery(c echo.Context) error {
	id, raw := c.Param("id"), c.QueryParam("view") == "raw"
	from, _ := strconv.Atoi(c.QueryParam("from"))
	from = max(from, 0)
	return d.answer(c, "delivery", func(ctx context.Context, c echo.Context) (*page, error) {
		one, err := d.Store.Delivery(ctx, id)
		if err != nil {
			return nil, err
		}
		data := deliveryPage{Delivery: one, Raw: raw}
		text := string(one.Body)
		if !raw {
			text = pretty(one.Body)
		}
		shown, whole := (&allowance{payloadShown}).take(payloadShown, text)
		data.Payload, data.Cut = shown, !whole
		outcomes, later, err := d.outcomes(one, from)
		if err != nil {
			return nil, err
		}
		if later > 0 {
			data.Later = fmt.Sprintf("?from=%d#why", later)
		}
		regions, runs, err := d.deliveryRegions(ctx, c, one)
		if err != nil {
			return nil, err
		}
		return &page{
			Title: deliveryTitle(one), Here: "deliveries", Data: data, Watch: append(runs, one.ID),
			Regions: append(regions, region{"outcomes", outcomes}),
		}, nil
	})
}

// deliveryTitle tells deliveries apart among a browser's tabs.
func deliveryTitle(one *store.Delivery) string {
	if one.Repo == "" {
		return "Delivery"
	}
	return "Delivery about " + cut(80, one.Repo)
}

// deliveryRegions are the head of the page and the runs, with the runs' ids.
func (d *Dashboard) deliveryRegions(ctx context.Context, c echo.Context, one *store.Delivery) ([]region, []string, error) {
	head, err := piece("delivery-head", "piece_delivery_head.html", map[string]any{
		"Delivery": one, "Line": matchLine(one.Verdicts), "CSRF": csrfOf(c), "Page": d.hubPage(one.RepoType, one.Repo),
	})
	if err != nil {
		return nil, nil, err
	}
	list, err := d.Store.Runs(ctx, store.Filter{Delivery: one.ID, Limit: pageSize})
	if err != nil {
		return nil, nil, err
	}
	rows, err := runRows(list)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return []region{{"head", []item{head}}, {"runs", rows}}, ids, nil
}

// matchLine sums verdicts up: "2 of 41 rules matched".
func matchLine(verdicts map[string]string) string {
	matched := 0
	for _, v := range verdicts {
		if v == "matched" {
			matched++
		}
	}
	noun := "rules"
	if len(verdicts) == 1 {
		noun = "rule"
	}
	return fmt.Sprintf("%d of %d %s matched", matched, len(verdicts), noun)
}

// outcomes renders the explanation from one place on: errors and matches first. later is where the rest begins, 0 at the
// end.
func (d *Dashboard) outcomes(one *store.Delivery, from int) (items []item, later int, err error) {
	if len(one.Explanation) == 0 {
		return nil, 0, nil
	}
	e := new(rule.Explanation)
	if err := json.Unmarshal(one.Explanation, e); err != nil {
		return nil, 0, fmt.Errorf("decode the explanation of delivery %s: %w", one.ID, err)
	}
	return outcomeItems(e.Rules, from)
}

// outcomeItems renders a page of outcomes.
func outcomeItems(list []rule.Outcome, from int) (items []item, later int, err error) {
	slices.SortStableFunc(list, func(a, b rule.Outcome) int {
		return cmp.Compare(verdictOrder[string(a.Verdict)], verdictOrder[string(b.Verdict)])
	})
	from = min(from, len(list))
	shown := list[from:min(from+outcomesShown, len(list))]
	allow := &allowance{40 << 10}
	for i, o := range shown {
		v := newOutcomeView(o, allow)
		v.Key = fmt.Sprintf("o-%d", from+i)
		it, err := piece(v.Key, "piece_outcome.html", v)
		if err != nil {
			return nil, 0, err
		}
		items = append(items, it)
	}
	if from+len(shown) < len(list) {
		later = from + len(shown)
	}
	return items, later, nil
}

// outcomeView is what became of a rule, with its texts bounded.
type outcomeView struct {
	rule.Outcome
	Key     string
	Words   string
	Clauses []clauseView
	Steps   []stepWith
}

// clauseView is one clause; Mark is yes, no or unknown.
type clauseView struct {
	rule.Clause
	Mark string
}

// stepWith is what a step would do.
type stepWith struct{ ID, Uses, If, With string }

func newOutcomeView(o rule.Outcome, allow *allowance) outcomeView {
	v := outcomeView{Outcome: o, Words: o.Words()}
	v.Words, _ = allow.take(clauseShown, v.Words)
	for _, c := range o.Clauses {
		c.Want, _ = allow.take(clauseShown, c.Want)
		c.Got, _ = allow.take(clauseShown, c.Got)
		v.Clauses = append(v.Clauses, clauseView{c, c.Mark()})
	}
	for _, s := range o.Steps {
		with, _ := allow.take(4<<10, indented(s.With))
		v.Steps = append(v.Steps, stepWith{s.ID, s.Uses, s.If, with})
	}
	return v
}

// payload is the body as it came, as text: a browser must not take it for a page.
func (d *Dashboard) payload(c echo.Context) error {
	one, err := d.Store.Delivery(c.Request().Context(), c.Param("id"))
	if err != nil {
		return d.failed(c, err)
	}
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", one.Body)
}

// pretty indents a payload; what is no JSON is shown as it is.
func pretty(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}
