package dashboard_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hfbot/hfbot/bot"
)

// withoutScripts lets no page run a script. What the test evaluates still works.
func (b *tab) withoutScripts() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// press clicks on what leads to another page and waits for it. Without scripts nothing moves on a page that is loaded, so
// that no click can miss.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.until("the page can be marked", `(window.staying = true)`)
	b.do(chromedp.Click(chromedp.CSS(selector)))
	b.until("the page that "+selector+" leads to is loaded", arrived)
}

// Without JavaScript every page shows the same, and every form does its work.
func TestBrowserWithoutScript(t *testing.T) {
	w := startWhole(t, func(o *bot.Options) { o.AdminToken = "s3cret" })
	w.send("discussion", "create", "acme/still")
	w.send("repo.content", "update", "acme/large")
	w.matched()
	b := openTab(t, w.url+"/login")
	b.withoutScripts()
	b.expecting("401")
	b.open(w.url + "/deliveries")
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), "s3cret"))
	b.press("main form button")
	b.until("it leads on to where one wanted to go", `location.pathname === "/deliveries"`)
	b.shows("acme/still")
	b.until("times are whole and say their zone", `/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/.test(document.querySelector("#deliveries time").textContent)`)
	b.until("nothing claims to be live", `document.getElementById("live").hidden`)

	b.do(chromedp.SendKeys(chromedp.CSS("input[name=text]"), "LARGE"))
	b.press(".filters button")
	b.until("only what fits", `document.querySelectorAll("#deliveries tr").length === 1 && document.querySelector("#deliveries").innerText.includes("acme/large")`)
	b.press(".filters a")
	b.until("the filter is gone", `document.querySelectorAll("#deliveries tr").length === 2`)

	b.open(w.url + "/deliveries?text=still")
	b.press("#deliveries tr td a")
	b.shows("wanted repo.content.update")
	b.press("#explain")
	b.shows("1 of 2 rules matched")
	b.open(w.url + "/deliveries?text=still")
	b.press("#deliveries tr td a")
	b.press("#replay")
	b.shows("The delivery was accepted again")

	w.forward <- 20 // the step is under way
	b.open(w.url + "/runs?text=large")
	b.press("#runs tr td a")
	b.press("#cancel")
	b.shows("The run is being cancelled")
	for !evaluate[bool](b, `Boolean(document.querySelector("#retry"))`) {
		b.open(evaluate[string](b, "location.href"))
	}
	b.press("#retry")
	b.shows("The run is tried again")
	w.forward <- 30

	b.open(w.url + "/rules/try")
	b.do(chromedp.SendKeys(chromedp.CSS("#body"), `{"event":{"action":"create","scope":"discussion"},"repo":{"type":"model","name":"a/b"}}`))
	b.press("main form button")
	b.shows("1 of 2 rules matched")
	for path, text := range map[string]string{
		"/": "Latest deliveries", "/?span=7d": "7 days", "/runs": "acme/large", "/rules?text=quick": "quick", "/actions": "test.say",
		"/actions/test.say": "Say something", "/audit": "replay",
	} {
		b.open(w.url + path)
		b.shows(text)
	}
	b.open(w.url + "/rules")
	b.do(chromedp.Click(chromedp.CSS("details summary")))
	b.shows("uses: test.say")
	b.press(".who button")
	b.shows("Admin token")
}

// A breaker that is open is seen on the page of rules, and closed there.
func TestBrowserBreaker(t *testing.T) {
	s := newSampleSite(t, true, theDay(t), nil, nil)
	site := httptest.NewServer(s.handler)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	b := openTab(t, site.URL+"/login?to=/rules")
	b.signIn("s3cret")
	b.live()
	b.shows("Breaker open on acme-lab/tiny-llama")
	b.follow(`form[action="/rules/auto-safetensors/reset"] button`)
	b.shows("The breaker is closed again")
	if n := evaluate[int](b, `document.querySelectorAll('form[action$="/reset"]').length`); n != 0 {
		t.Errorf("%d breakers are still open", n)
	}
	b.open(site.URL + "/audit")
	b.shows("reset breaker")
}

// stops are what a keyboard must reach.
const stops = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
	.filter((e) => e.checkVisibility() && e.tabIndex >= 0)`

// By keyboard alone each stop is reached in the order of the page, is seen to have the focus, and works.
func TestBrowserKeyboard(t *testing.T) {
	w := startWhole(t, nil)
	w.send("discussion", "create", "acme/keys")
	w.matched()
	b := openTab(t, w.url+"/deliveries")
	b.until("the run has ended", `document.querySelector("#deliveries tr a.tag.succeeded")`)
	b.walk()
	b.open(w.url + "/deliveries/" + evaluate[string](b, `document.querySelector("#deliveries tr td a").pathname.split("/").pop()`))
	b.live()
	b.walk()
	b.until("the button can be marked", `(document.querySelector("#replay").focus(), window.staying = true)`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until("its page is loaded", arrived)
	b.shows("by replay")
	for _, path := range []string{"/", "/rules", "/rules/try", "/actions"} {
		b.open(w.url + path)
		b.walk()
	}
}

// walk presses Tab through the page.
func (b *tab) walk() {
	b.t.Helper()
	const at = stops + ".indexOf(document.activeElement)"
	where := evaluate[string](b, "location.pathname")
	n := evaluate[int](b, stops+".length")
	evaluate[bool](b, "(document.activeElement?.blur(), getSelection().removeAllRanges(), scrollTo(0, 0), true)")
	for i := range n {
		b.do(chromedp.KeyEvent(kb.Tab))
		if got := evaluate[int](b, at); got != i {
			b.t.Errorf("%s: Tab %d leads to stop %d of %d: %s", where, i+1, got+1, n,
				evaluate[string](b, "document.activeElement.outerHTML.slice(0, 200)"))
			return
		}
		seen := evaluate[string](b, `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + " " + s.outlineWidth; })()`)
		if seen != "solid 3px" {
			b.t.Errorf("%s: stop %d is not seen to have the focus: %s", where, i+1, seen)
		}
	}
}

// Text twice as large, and a window as narrow as that of a page at 400 %, cut nothing off; who wants no motion gets none.
func TestBrowserZoom(t *testing.T) {
	many := theDay(t)
	s := newSampleSite(t, true, many, nil, nil)
	site := httptest.NewServer(s.handler)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	b := openTab(t, site.URL+"/login")
	b.signIn("s3cret")
	over := func(how, path string) {
		t.Helper()
		if n := evaluate[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); n > 0 {
			t.Errorf("%s %s is %d pixels too wide", path, how, n)
		}
	}
	for _, path := range []string{
		"/", "/deliveries", "/deliveries/" + many.matched, "/runs", "/runs/" + many.running, "/runs/" + many.failed, "/rules", "/rules/try",
		"/actions", "/actions/ci.github", "/audit",
	} {
		b.look(600, 450, false) // 1200 by 900 at 200 %
		b.open(site.URL + path)
		over("at 200 %", path)
		b.look(320, 256, false)
		over("at 400 %", path)
		b.look(1200, 900, false)
		evaluate[bool](b, `(document.documentElement.style.fontSize = "200%", true)`)
		over("with large text", path)
		size := evaluate[string](b, "getComputedStyle(document.body).fontSize")
		if size != "30px" {
			t.Errorf("%s: the text is %s when it is to be twice as large", path, size)
		}
	}
	const motion = `(() => { const e = document.querySelector("main *"); e.classList.add("new"); return getComputedStyle(e).animationName; })()`
	if name := evaluate[string](b, motion); name != "none" {
		t.Errorf("what is new moves (%s) though the reader wants no motion", name)
	}
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "no-preference"}},
		})
		return err
	}))
	b.until("what is new is seen to be", fmt.Sprintf("%s === %q", motion, "arrive"))
}
