package dashboard_test

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/hfbot/hfbot/bot/dashboard"
)

// screenshots is where the pictures of the documentation are; -update takes them anew.
const screenshots = "../../docs/screenshots"

// axe is the accessibility checker, to be run in a page.
func axe(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/axe/axe.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// accessible fails for each serious finding of axe on the page.
func (b *tab) accessible(script, what string) {
	b.t.Helper()
	if !evaluate[bool](b, `"axe" in window`) {
		evaluate[bool](b, script+"; true")
	}
	evaluate[bool](b, `window.found = undefined;
		axe.run(document, {resultTypes: ["violations"]}).then(
			(r) => { window.found = r.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
				.map((v) => v.id + ": " + v.help + " (" + v.nodes.slice(0, 3).map((n) => n.html).join(" ") + ")"); },
			(e) => { window.found = ["axe failed: " + e]; });
		true`)
	b.until("axe has looked at "+what, "window.found !== undefined")
	for _, finding := range evaluate[[]string](b, "window.found") {
		b.t.Errorf("%s: %s", what, finding)
	}
}

// TestLook opens each page in light and dark, wide and on a phone: axe finds nothing serious, nothing is wider than the
// window. With -update it takes the pictures of the documentation.
func TestLook(t *testing.T) {
	many := theDay(t)
	s := newSampleSite(t, true, many, func(o *dashboard.Options) { o.Hub = sampleHub(t) }, nil)
	s.awaitPage("/", "suspended by the Hub")
	site := httptest.NewServer(s.handler)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	script := axe(t)
	b := openTab(t, site.URL+"/login")
	b.setClock(noon)
	b.signIn("s3cret")
	for _, p := range []struct {
		name, path string
		height     int64
	}{
		{"overview", "/", 1000},
		{"deliveries", "/deliveries", 720},
		{"delivery", "/deliveries/" + many.matched, 1060},
		{"runs", "/runs", 800},
		{"run", "/runs/" + many.running, 900},
		{"run-failed", "/runs/" + many.failed, 700},
		{"rules", "/rules", 900},
		{"try", "/rules/try", 700},
		{"actions", "/actions", 500},
		{"action", "/actions/ci.github", 700},
		{"audit", "/audit", 400},
	} {
		b.view(script, site.URL+p.path, p.name, p.height)
	}
	public := newSampleSite(t, true, many, func(o *dashboard.Options) { o.PublicHost = "acme-lab-bot.hf.space" }, nil)
	open := httptest.NewServer(public.handler)
	t.Cleanup(open.Close)
	v := openTab(t, open.URL+"/")
	v.setClock(noon)
	v.view(script, open.URL+"/", "visitor", 900)
	v.view(script, open.URL+"/login", "login", 400)
}

// view looks at a page in all ways.
func (b *tab) view(script, address, name string, height int64) {
	b.t.Helper()
	b.look(1200, height, false)
	b.open(address)
	if evaluate[bool](b, `"live" in document.body.dataset`) {
		b.live()
	}
	for _, dark := range []bool{false, true} {
		how := name
		if dark {
			how += "-dark"
			b.look(1200, height, true)
		}
		b.accessible(script, how)
		if *update {
			b.document(how)
		}
	}
	b.look(360, 740, false)
	if over := evaluate[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		wide := evaluate[string](b, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
			.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join("\n")`)
		b.t.Errorf("%s on a phone is %d pixels too wide:\n%s", name, over, wide)
	}
	if *update && (name == "overview" || name == "run") {
		b.document(name + "-phone")
	}
}
