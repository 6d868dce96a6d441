package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	rulesShown    = 20  // on one page
	sourceShown   = 120 // lines of a rule
	breakersShown = 5   // of a rule; hfbot breakers list has all
	tryTimeout    = 30 * time.Second
)

// ruleCard is a rule on its page.
type ruleCard struct {
	*rule.Rule
	Words   rule.Words
	Lines   []sourceLine
	Cut     bool
	Counts  map[string]int64 // verdicts in 24 h
	Known   bool             // they are counted
	Breaker rule.Breaker
	Tripped []store.Breaker
	More    int // breakers that are open too
	CSRF    string
}

// sourceLine is a line of a rules file.
type sourceLine struct {
	Number int
	Text   string
}

// rulesPage is what the page of rules shows beside them.
type rulesPage struct {
	Text  string
	Total int
	Set   *rule.Set
	After string
}

// rules is the page of rules.
func (d *Dashboard) rules(c echo.Context) error {
	text, after := c.QueryParam("text"), c.QueryParam("after")
	return d.answer(c, "rules", func(ctx context.Context, c echo.Context) (*page, error) {
		set := d.Rules()
		list, next := rulesAfter(set.Rules, text, after)
		counts, allow := d.stats.now(ctx), &allowance{40 << 10}
		var items []item
		for _, r := range list {
			card, err := d.ruleCard(ctx, r, counts, allow, csrfOf(c))
			if err != nil {
				return nil, err
			}
			it, err := piece("rule-"+r.ID, "piece_rule.html", card)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		}
		p := &page{
			Title: "Rules", Here: "rules", Data: rulesPage{Text: text, Total: len(set.Rules), Set: set, After: after},
			Regions: []region{{"rules", items}},
		}
		if next != "" {
			p.Next = "?" + url.Values{"text": {text}, "after": {next}}.Encode()
		}
		return p, nil
	})
}

// rulesAfter is a page of rules whose id contains a text, after the one with an id.
func rulesAfter(all []*rule.Rule, text, after string) (list []*rule.Rule, next string) {
	skip := after != ""
	for _, r := range all {
		if skip {
			skip = r.ID != after
			continue
		}
		if text != "" && !strings.Contains(r.ID, strings.ToLower(text)) {
			continue
		}
		if len(list) == rulesShown {
			return list, list[len(list)-1].ID
		}
		list = append(list, r)
	}
	return list, ""
}

func (d *Dashboard) ruleCard(
	ctx context.Context, r *rule.Rule, counts *counts, allow *allowance, csrf string,
) (ruleCard, error) {
	card := ruleCard{Rule: r, Words: r.Words(), Breaker: r.BreakerFor(false), CSRF: csrf}
	for i, text := range r.Source {
		line, whole := allow.take(300, text)
		if i == sourceShown || allow.left <= 0 {
			card.Cut = true
			break
		}
		card.Cut = card.Cut || !whole
		card.Lines = append(card.Lines, sourceLine{r.Line + i, line})
	}
	if counts != nil {
		card.Counts, card.Known = counts.Verdicts[r.ID], true
	}
	var err error
	card.Tripped, err = d.Store.OpenBreakers(ctx, r.ID)
	if more := len(card.Tripped) - breakersShown; more > 0 {
		card.Tripped, card.More = card.Tripped[:breakersShown], more
	}
	return card, err
}

// tryPage is the form to try a payload on, and what came of it.
type tryPage struct {
	Body     string
	Delivery string // id of a stored one that is tried again
	Error    string
	Line     string // sums the outcomes up; empty before
	Outcomes []item
	Later    int // rules that are not shown
}

// try is the form.
func (d *Dashboard) try(c echo.Context) error {
	return d.show(c, http.StatusOK, "try", &page{Title: "Try a payload", Here: "rules", Static: true, Data: tryPage{}})
}

// tryNow explains a payload: the one in the form, or that of a stored delivery. Nothing runs.
func (d *Dashboard) tryNow(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), tryTimeout)
	defer cancel()
	data := tryPage{Body: c.FormValue("payload"), Delivery: c.FormValue("delivery")}
	body := []byte(data.Body)
	if data.Delivery != "" {
		one, err := d.Store.Delivery(ctx, data.Delivery)
		if err != nil {
			return d.failed(c, err)
		}
		body = one.Body
	}
	status := http.StatusOK
	e, err := d.Control.Explain(ctx, body)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		data.Error, status = "The Hub did not answer within "+tryTimeout.String()+". Try again.", http.StatusBadGateway
	case err != nil:
		data.Error, status = err.Error(), http.StatusUnprocessableEntity
	default:
		var later int
		if data.Outcomes, later, err = outcomeItems(e.Rules, 0); err != nil {
			return err
		}
		if later > 0 {
			data.Later = len(e.Rules) - later
		}
		data.Line = e.Line()
	}
	if len(data.Body) > payloadShown {
		data.Body = "" // the page would be larger than pages may be
	}
	return d.show(c, status, "try", &page{Title: "Try a payload", Here: "rules", Static: true, Data: data})
}

// caret puts a sign under the column of a problem.
func caret(p rule.Problem) string {
	return strings.Join([]string{p.Source, rule.Caret(p.Source, p.Column)}, "\n")
}
