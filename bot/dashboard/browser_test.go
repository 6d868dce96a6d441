package dashboard_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// patience bounds each wait for the browser; it is for slow machines, and no test needs it.
const patience = 3 * time.Minute

// arrived is true in a page that was loaded since it was last marked.
const arrived = `!window.staying && document.readyState === "complete"`

// chromium is one browser for all tests of the package, started by the first that needs it.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	pgtest.Main(m)
	if chromium.stop != nil {
		chromium.stop()
	}
}

// startChromium starts the browser, which may call nobody but this machine.
func startChromium() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		chromium.err = fmt.Errorf("the browser tests need chromium, which apt installs (.ci/deps chromium): %w", err)
		return
	}
	dir, err := os.MkdirTemp("", "hfbot-chromium-")
	if err != nil {
		chromium.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(dir), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("lang", "en-GB"), chromedp.Env("TZ=UTC", "LANG=en_GB.UTF-8", "HOME="+dir),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	chromium.ctx = ctx
	chromium.stop = func() {
		stopBrowser()
		stopAllocator()
		_ = os.RemoveAll(dir)
	}
	chromium.err = chromedp.Do(ctx)
}

// tab is a page of a browser without cookies. It fails its test when the page logs an error, or calls another origin.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	allowed []string // hosts that it may call
	wrong   []string
	expect  []string // parts of messages that are to be expected
}

// openTab opens a tab at an address.
func openTab(t *testing.T, address string) *tab {
	t.Helper()
	chromium.once.Do(startChromium)
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	ctx, stop := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	b.allow(address)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second) // a page that hangs has no picture
			if err := b.picture(ctx, filepath.Join(t.ArtifactDir(), "failed.png")); err != nil {
				t.Logf("take a picture: %v", err)
			}
			cancel()
		}
		stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, w := range b.wrong {
			t.Error(w)
		}
	})
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-GB"}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, target, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return err
	}))
	b.open(address)
	return b
}

// allow lets the page call the origin of an address.
func (b *tab) allow(address string) {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, u.Host)
}

// expecting lets the page log messages with a text, such as of an answer 401 that the test asks for.
func (b *tab) expecting(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expect = append(b.expect, text)
}

// hear notes what must not happen.
func (b *tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note := func(text string) {
		for _, e := range b.expect {
			if strings.Contains(text, e) {
				return
			}
		}
		b.wrong = append(b.wrong, text)
	}
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(ev.Request.URL)
		if err != nil || u.Scheme == "data" || u.Scheme == "chrome" || u.Scheme == "about" {
			return
		}
		for _, host := range b.allowed {
			if u.Host == host {
				return
			}
		}
		note("request to another origin: " + ev.Request.URL)
	case *runtime.EventExceptionThrown:
		note("exception: " + ev.ExceptionDetails.Text + " " + ev.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			note(fmt.Sprintf("console %s: %v", ev.Type, ev.Args))
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			note("log: " + ev.Entry.Text + " " + ev.Entry.URL)
		}
	}
}

// limited is a context for one thing to do.
func (b *tab) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open opens an address and waits until its page is loaded. When another navigation takes its place, it is repeated.
func (b *tab) open(address string) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	for b.mark(""); ; {
		result, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (page.NavigateResult, error) {
			return cdp.Call(ctx, target, page.Navigate, page.NavigateParams{URL: address})
		})
		switch {
		case err != nil:
			b.t.Fatalf("open %s: %v", address, err)
		case result.ErrorText == "net::ERR_ABORTED":
			b.t.Logf("open %s: another navigation took its place; again", address)
			b.until("the other page is loaded", `document.readyState === "complete"`)
			b.mark("")
			continue
		case result.ErrorText != "":
			b.t.Fatalf("open %s: %s", address, result.ErrorText)
		}
		break
	}
	b.until(address+" is loaded", arrived)
}

// mark marks the page as the one to be left, and lets it note whether a click reaches what a selector names.
func (b *tab) mark(selector string) {
	b.t.Helper()
	b.until("the page can be marked", fmt.Sprintf(`(() => {
		window.staying = true;
		window.hit = false;
		const selector = %q;
		if (selector) document.addEventListener("click", (e) => { if (e.target.closest(selector)) window.hit = true; }, true);
		return true;
	})()`, selector))
}

// follow clicks on what leads to another page, a link or a form's button, and waits until that page is loaded: what is
// asked next is asked of the new page, though the old one shows the same words, and no navigation is still under way.
// A click that missed since the page was just brought up to date is repeated.
func (b *tab) follow(selector string) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	const reached = "Boolean(!window.staying || window.hit)"
	b.mark(selector)
	for {
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		if ctx.Err() != nil {
			b.t.Fatalf("click on %s: %v", selector, err)
		}
		hit, failed := chromedp.Run(ctx, chromedp.Evaluate[bool](reached))
		for failed != nil && ctx.Err() == nil { // a page that is being left cannot answer
			time.Sleep(20 * time.Millisecond)
			hit, failed = chromedp.Run(ctx, chromedp.Evaluate[bool](reached))
		}
		if hit {
			break
		}
		b.t.Logf("click on %s: missed (%v); again", selector, err)
	}
	b.until("the page that "+selector+" leads to is loaded", arrived)
}

// evaluate gives the value of an expression in the page.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits until an expression in the page is true.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	var last error
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
		last = err // such as that the page is just being changed for another
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
			defer cancel()
			body, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
			b.t.Fatalf("%s: not within %s (%v):\n%.3000s", what, patience, last, body)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// shows waits until the page has a text.
func (b *tab) shows(text string) {
	b.t.Helper()
	b.until("the page shows "+text, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// setClock makes the pages that it opens take a time for now.
func (b *tab) setClock(now time.Time) {
	b.t.Helper()
	script := fmt.Sprintf(`(() => { const D = Date, now = %d;
		globalThis.Date = class extends D { constructor(...a) { super(...(a.length ? a : [now])); } static now() { return now; } }; })()`,
		now.UnixMilli())
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// live waits until the page is kept up to date.
func (b *tab) live() {
	b.t.Helper()
	b.until("the page is live", `document.getElementById("live")?.classList.contains("on")`)
}

// look sets the size of the window and the colours that the reader prefers.
func (b *tab) look(width, height int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	}))
}

// picture writes what the window shows.
func (b *tab) picture(ctx context.Context, path string) error {
	shot, err := chromedp.Run(ctx, chromedp.Action[[]byte](func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	}))
	if err != nil {
		return err
	}
	return os.WriteFile(path, shot, 0o644)
}

// document writes a picture for the documentation.
func (b *tab) document(name string) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	if err := b.picture(ctx, filepath.Join(screenshots, name+".png")); err != nil {
		b.t.Errorf("take a picture: %v", err)
	}
}

// signIn gives the admin's token on the page to sign in on.
func (b *tab) signIn(token string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), token))
	b.follow("main form button")
	b.shows("Sign out")
}
