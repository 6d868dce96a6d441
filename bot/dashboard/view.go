package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// contentPolicy lets a page load only from its own origin, and be framed by none. Only that of a bot with a public name may
// be framed by the Hub, where a Space's page lives: there nobody is signed in, so that there is nothing to press.
const (
	contentPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors "
	framedBy      = "'self' https://huggingface.co"
)

// assetHash names the folder of assets by their content, so that browsers may keep them for ever.
var assetHash = hashAssets()

func hashAssets() string {
	sum := sha256.New()
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		content, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// asset answers with a style sheet, script or picture.
func asset(c echo.Context) error {
	name := c.Param("name")
	content, err := assetFiles.ReadFile("assets/" + path.Base(name))
	if err != nil || c.Param("hash") != assetHash {
		return echo.ErrNotFound
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, mime.TypeByExtension(path.Ext(name)), content)
}

// headers sets what every answer to a browser carries. What a page shows is nobody else's, so nothing keeps it.
func (d *Dashboard) headers(next echo.HandlerFunc) echo.HandlerFunc {
	policy := contentPolicy + "'none'"
	if d.PublicHost != "" {
		policy = contentPolicy + framedBy
	}
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: with that, browsers send the dashboard's own forms with Origin: null.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// page is what every template gets.
type page struct {
	Title   string
	Here    string // the part of the menu it belongs to
	Data    any
	Next    string // address of the following page, empty at the end
	Regions []region
	Watch   []string // ids of the deliveries and runs it shows; nil: any change may concern it
	Static  bool     // it does not change while it is open

	Person   *person
	Public   bool // a visitor's page: no menu
	Version  string
	Assets   string
	Problems rule.Problems
	Notice   string
}

// region is a part of a page that changes while it is open: items in order, each with a key of its own.
type region struct {
	ID    string
	Items []item
}

// item is one piece of a region; its outermost element has the key as its id.
type item struct {
	Key  string
	HTML template.HTML
}

// Region is the region of a page, for its template.
func (p *page) Region(id string) region {
	for _, r := range p.Regions {
		if r.ID == id {
			return r
		}
	}
	return region{ID: id}
}

var pageNames = []string{
	"overview", "deliveries", "delivery", "runs", "run", "rules", "try", "actions", "action", "audit", "login", "visitor",
	"problem",
}

var (
	pieces  = template.Must(template.New("pieces").Funcs(functions).ParseFS(templateFiles, "templates/piece_*.html"))
	layouts = parseLayouts()
)

// parseLayouts gives for each page its template with the frame and the pieces around it.
func parseLayouts() map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range pageNames {
		t := template.Must(template.Must(pieces.Clone()).ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
		parsed[name] = t.Lookup("layout.html")
	}
	return parsed
}

// piece renders one of the templates that pages and their updates share.
func piece(key, name string, data any) (item, error) {
	var out strings.Builder
	if err := pieces.ExecuteTemplate(&out, name, data); err != nil {
		return item{}, err
	}
	return item{Key: key, HTML: template.HTML(visible(out.String()))}, nil
}

// show renders into memory first, so that a failing template gives an error and not half a page.
func (d *Dashboard) show(c echo.Context, status int, name string, p *page) error {
	p.Person, p.Assets, p.Problems = personOf(c), "/assets/"+assetHash, d.RuleProblems()
	if p.Person == nil {
		p.Problems = nil
	}
	p.Version = version(p.Regions)
	p.Notice = notices[c.QueryParam("done")]
	var out strings.Builder
	if err := layouts[name].Execute(&out, p); err != nil {
		return err
	}
	return c.HTML(status, visible(out.String()))
}

// notices are what a page says after something was done, by the word in its address: a text in an address could be
// anybody's.
var notices = map[string]string{
	"replayed": "The delivery was accepted again. This is the new one.",
	"cancel":   "The run is being cancelled.",
	"retry":    "The run is tried again, from the step that failed.",
	"reset":    "The breaker is closed again.",
	"enabled":  "The webhook is switched on.",
}

// problem is a page that says what is wrong and what to do.
func (d *Dashboard) problem(c echo.Context, status int, title, text string) error {
	return d.show(c, status, "problem", &page{Title: title, Static: true, Data: text})
}
