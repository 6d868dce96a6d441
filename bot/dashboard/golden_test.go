package dashboard_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

var update = flag.Bool("update", false, "write the golden files and the screenshots")

// golden compares a page with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run the test with -update:\n%s", path, diff)
	}
}

// openStore opens a store of the test's own on a clock.
func openStore(t testing.TB, path string, c *clock) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, store.WithClock(c.Now))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// newSampleSite is a dashboard over a store whose clock stands at noon, with a day in it or nothing; fill adds to it and
// may be nil. It has the sample's rules, or none.
func newSampleSite(t *testing.T, withRules bool, from *day, change func(*dashboard.Options), fill func(*sample)) *site {
	t.Helper()
	c, path := &clock{now: noon}, filepath.Join(t.TempDir(), "bot.db")
	if from != nil {
		if err := os.WriteFile(path, from.file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := openStore(t, path, c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	filled, set, list := newSample(t, db, c), &rule.Set{LoadedAt: noon}, actions.NewRegistry()
	if from != nil {
		filled.n = from.n
	}
	if fill != nil {
		fill(filled)
	}
	c.set(noon)
	if withRules {
		set, list = filled.rules, catalogue()
	}
	opts := dashboard.Options{
		Store: db, Rules: func() *rule.Set { return set }, Actions: list, Control: new(control), AdminToken: "s3cret",
		Listen: "127.0.0.1:7860", Now: c.Now,
	}
	if change != nil {
		change(&opts)
	}
	d := dashboard.New(opts)
	t.Cleanup(d.Close)
	e := echo.New()
	d.Register(e)
	s := &site{t: t, handler: e, control: new(control)}
	s.awaitCounts()
	return s
}

// awaitPage waits until a page has a text that is asked for in the background.
func (s *site) awaitPage(path, text string) {
	s.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		if _, body := s.do(http.MethodGet, path); strings.Contains(body, text) {
			return
		}
	}
	s.t.Fatalf("%s did not have %q in time", path, text)
}

// awaitCounts waits until the numbers of the overview are counted.
func (s *site) awaitCounts() {
	s.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		var counted struct {
			At *time.Time `json:"counted_at"`
		}
		_, body := s.do(http.MethodGet, "/api/v1/overview")
		if err := json.Unmarshal([]byte(body), &counted); err != nil {
			s.t.Fatal(err)
		}
		if counted.At != nil {
			return
		}
	}
	s.t.Fatal("nothing was counted in time")
}

var (
	assetAddress = regexp.MustCompile(`/assets/[0-9a-f]{12}/`)
	hubAddress   = regexp.MustCompile(`href="http://127\.0\.0\.1:\d+/`)
	pageVersion  = regexp.MustCompile(`data-live="[0-9a-f]{16}"`) // depends on all that is on the page
)

// steady is a page without what differs from run to run.
func steady(body string) string {
	body = assetAddress.ReplaceAllString(body, "/assets/HASH/")
	body = hubAddress.ReplaceAllString(body, `href="http://HUB/`)
	return pageVersion.ReplaceAllString(body, `data-live="VERSION"`)
}

// TestGolden renders each page with nothing to show, with one of each and with many.
func TestGolden(t *testing.T) {
	t.Parallel()
	list := []struct{ name, path string }{
		{"overview", "/"},
		{"deliveries", "/deliveries"},
		{"runs", "/runs"},
		{"rules", "/rules"},
		{"actions", "/actions"},
		{"audit", "/audit"},
	}
	var one, run string
	many := theDay(t)
	withHub := func(o *dashboard.Options) { o.Hub = sampleHub(t) }
	for name, c := range map[string]struct {
		rules  bool
		day    *day
		change func(*dashboard.Options)
		fill   func(*sample)
	}{
		"zero": {},
		"one": {true, nil, nil, func(s *sample) {
			var runs []string
			one, runs = s.add(event{
				at: noon.Add(-time.Minute), scope: "repo.content", act: "update", kind: "model", repo: "acme-lab/tiny-llama", changed: pickle,
				ends: store.Succeeded, took: 30 * time.Second,
			})
			run = runs[0]
		}},
		"many": {true, many, withHub, nil},
	} {
		s := newSampleSite(t, c.rules, c.day, c.change, c.fill)
		if c.change != nil {
			s.awaitPage("/", "suspended by the Hub")
		}
		pages := list
		switch name {
		case "one":
			pages = append(pages, []struct{ name, path string }{
				{"delivery", "/deliveries/" + one},
				{"run", "/runs/" + run},
				{"action", "/actions/ci.github"},
				{"try", "/rules/try"},
				{"missing", "/runs/none"},
			}...)
		case "many":
			pages = append(pages, []struct{ name, path string }{
				{"delivery", "/deliveries/" + many.matched + "?view=raw"},
				{"run", "/runs/" + many.running},
				{"run-failed", "/runs/" + many.failed},
				{"filtered", "/deliveries?rule=retrain&verdict=matched"},
				{"next", "/deliveries?before=" + many.matched},
				{"week", "/?span=7d"},
			}...)
		}
		for _, p := range pages {
			_, body := s.do(http.MethodGet, p.path)
			if len(body) > 100_000 {
				t.Errorf("%s with %s: %d bytes", p.name, name, len(body))
			}
			golden(t, p.name+"-"+name+".html", steady(body))
		}
	}
}

// TestGoldenVisitor renders what strangers see of a public bot.
func TestGoldenVisitor(t *testing.T) {
	t.Parallel()
	public := func(o *dashboard.Options) { o.PublicHost = "acme-lab-bot.hf.space" }
	for name, c := range map[string]struct {
		rules bool
		day   *day
	}{"zero": {}, "many": {true, theDay(t)}} {
		s := newSampleSite(t, c.rules, c.day, public, nil)
		body := s.visit("/")
		golden(t, "visitor-"+name+".html", steady(body))
	}
	s := newSampleSite(t, true, nil, nil, nil)
	golden(t, "login.html", steady(s.visit("/login")))
}
