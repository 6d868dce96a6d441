package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
)

// Page sizes of lists.
const (
	pageSize    = 50
	maxPageSize = 500
)

// filter reads the query parameters that lists understand.
func filter(c echo.Context) store.Filter {
	limit, err := strconv.Atoi(c.QueryParam("limit"))
	if err != nil || limit < 1 {
		limit = pageSize
	}
	return store.Filter{
		Rule: c.QueryParam("rule"), State: c.QueryParam("state"), Repo: c.QueryParam("repo"),
		Verdict: c.QueryParam("verdict"), Text: c.QueryParam("text"),
		Delivery: c.QueryParam("delivery"), Before: c.QueryParam("before"), Limit: min(limit, maxPageSize),
	}
}

// oneOf refuses a word that a filter does not have: it would find nothing, and not say why.
func oneOf(c echo.Context, name string, words []string) error {
	if word := c.QueryParam(name); word != "" && !slices.Contains(words, word) {
		return echo.NewHTTPError(http.StatusBadRequest,
			fmt.Sprintf("%s %q is none of %s", name, word, strings.Join(words, ", ")))
	}
	return nil
}

// filterForm is the form above a list.
type filterForm struct {
	store.Filter
	Rules    []string // to choose from
	States   []string
	Verdicts []string
	Active   bool // something is filtered
}

func (d *Dashboard) filterForm(f store.Filter, states, verdicts []string) filterForm {
	form := filterForm{Filter: f, States: states, Verdicts: verdicts}
	form.Active = f.Rule != "" || f.State != "" || f.Repo != "" || f.Verdict != "" || f.Text != "" || f.Delivery != ""
	const most = 300 // a longer menu helps nobody, and would fill the page
	for i, r := range d.Rules().Rules {
		if i == most {
			break
		}
		form.Rules = append(form.Rules, r.ID)
	}
	return form
}

// older is the address of the page that follows, with the filters kept.
func older(c echo.Context, last string) string {
	if last == "" {
		return ""
	}
	query := url.Values{}
	for name, values := range c.QueryParams() {
		if name != "live" && name != "done" {
			query[name] = values
		}
	}
	query.Set("before", last)
	return "?" + query.Encode()
}
