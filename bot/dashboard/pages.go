package dashboard

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var styleSheet []byte

// contentPolicy lets a page load only from its own origin, and be framed only by the Hub, where a Space's page lives.
const contentPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; " +
	"frame-ancestors 'self' https://huggingface.co"

// functions are what templates may call.
var functions = template.FuncMap{
	"json": func(v any) string {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err.Error()
		}
		return string(text)
	},
	"when": func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	},
	"short": func(id string) string {
		if len(id) > 8 {
			return id[len(id)-8:]
		}
		return id
	},
	"took": func(from, to time.Time) string {
		if from.IsZero() || to.IsZero() {
			return ""
		}
		return to.Sub(from).Round(time.Millisecond).String()
	},
}

// headers sets what every page carries.
func headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		return next(c)
	}
}

func style(c echo.Context) error { return c.Blob(http.StatusOK, "text/css; charset=utf-8", styleSheet) }

// pages answers with HTML.
type pages struct{ Options }

// page is what every template gets.
type page struct {
	Title string
	Data  any
	Next  string // address of the following page, empty at the end

	Problems rule.Problems // why the rule files are not those in force; nil when they are
}

// layouts holds one parsed template for each page, each with the frame around it.
var layouts = parse("overview", "deliveries", "delivery", "runs", "run", "rules", "actions", "missing")

func parse(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.New("layout.html").Funcs(functions).
			ParseFS(templates, "templates/layout.html", "templates/rows.html", "templates/"+name+".html"))
	}
	return parsed
}

// show renders into memory first, so that a failing template gives an error and not half a page.
func show(c echo.Context, status int, name string, p page) error {
	var out bytes.Buffer
	if err := layouts[name].Execute(&out, p); err != nil {
		return err
	}
	return c.HTMLBlob(status, out.Bytes())
}

func (p pages) overview(c echo.Context) error {
	ctx, latest := c.Request().Context(), store.Filter{Limit: 10}
	deliveries, err := p.Store.Deliveries(ctx, latest)
	if err != nil {
		return err
	}
	runs, err := p.Store.Runs(ctx, latest)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, "overview", page{Title: "Overview", Problems: p.RuleProblems(), Data: map[string]any{
		"Deliveries": deliveries, "Runs": runs, "Rules": p.Rules().Rules,
	}})
}

func (p pages) deliveries(c echo.Context) error {
	f := filter(c)
	list, err := p.Store.Deliveries(c.Request().Context(), f)
	if err != nil {
		return err
	}
	last := next(list, f, func(d store.Delivery) string { return d.ID })
	return show(c, http.StatusOK, "deliveries", page{Title: "Deliveries", Data: list, Next: older(c, last)})
}

func (p pages) delivery(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := p.Store.Delivery(ctx, c.Param("id"))
	if err != nil {
		return missing(c, err)
	}
	runs, err := p.Store.Runs(ctx, store.Filter{Delivery: d.ID, Limit: pageSize})
	if err != nil {
		return err
	}
	e, err := explanation(d)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, "delivery", page{Title: "Delivery", Data: map[string]any{
		"Delivery": d, "Runs": runs, "Explanation": e, "Payload": pretty(d.Body),
	}})
}

func (p pages) runs(c echo.Context) error {
	f := filter(c)
	list, err := p.Store.Runs(c.Request().Context(), f)
	if err != nil {
		return err
	}
	last := next(list, f, func(r store.Run) string { return r.ID })
	return show(c, http.StatusOK, "runs", page{Title: "Runs", Data: list, Next: older(c, last)})
}

func (p pages) run(c echo.Context) error {
	r, err := p.Store.Run(c.Request().Context(), c.Param("id"))
	if err != nil {
		return missing(c, err)
	}
	return show(c, http.StatusOK, "run", page{Title: "Run", Data: r})
}

func (p pages) rules(c echo.Context) error {
	return show(c, http.StatusOK, "rules", page{Title: "Rules", Problems: p.RuleProblems(), Data: p.Rules()})
}

func (p pages) actions(c echo.Context) error {
	return show(c, http.StatusOK, "actions", page{Title: "Actions", Data: p.Actions.Catalogue()})
}

// older is the address of the page that follows, with the filters kept.
func older(c echo.Context, last string) string {
	if last == "" {
		return ""
	}
	query := c.QueryParams()
	query.Set("before", last)
	return "?" + query.Encode()
}

// pretty indents a payload; what is no JSON is shown as it is.
func pretty(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}
