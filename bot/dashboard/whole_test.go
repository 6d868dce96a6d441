package dashboard_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// wholeRules are for the browser tests of a whole bot: one quick rule, and one that takes as long as the test wants.
const wholeRules = `version: 1
rules:
  - id: quick
    on: discussion.create
    steps:
      - {uses: test.say, with: {text: hello}}
  - id: slow
    on: repo.content.update
    steps:
      - {id: work, uses: test.work, with: {text: a long conversion}}
`

type text struct {
	Text string `json:"text" doc:"Some text."`
}

// say is an action that is done at once.
type say struct{}

func (say) Spec() actions.Spec {
	return actions.Spec{ID: "test.say", Summary: "Say something.", Effect: actions.None, Idempotent: true, Example: "uses: test.say"}
}

func (say) Run(_ context.Context, _ *actions.Runtime, in text) (text, error) { return in, nil }

// work is an action that makes a step forward whenever the test lets it, and ends only when it is cancelled.
type work struct{ forward chan int64 }

func (work) Spec() actions.Spec {
	return actions.Spec{ID: "test.work", Summary: "Work for long.", Effect: actions.None, Idempotent: true, Example: "uses: test.work"}
}

func (w work) Run(ctx context.Context, rt *actions.Runtime, _ text) (text, error) {
	for {
		select {
		case <-ctx.Done():
			return text{}, context.Cause(ctx)
		case n := <-w.forward:
			rt.Report(n, 100, fmt.Sprintf("tensor %d of 100", n))
			rt.Log.Info(fmt.Sprintf("tensor %d done", n))
		}
	}
}

// whole is a bot with a local Hub, to be looked at in a browser.
type whole struct {
	t       *testing.T
	hub     *emulator.Server
	bot     *bot.Bot
	opts    bot.Options
	url     string // of the front, which stays while the bot is started again
	backend atomic.Pointer[string]
	forward chan int64
	stop    func()
}

// front passes connections on to the bot, or closes them while there is none, so that the bot's address stays the same
// without a port being taken twice.
func (w *whole) front() {
	w.t.Helper()
	listener, err := new(net.ListenConfig).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { listener.Close() })
	w.url = "http://" + listener.Addr().String()
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			go w.pass(in)
		}
	}()
}

func (w *whole) pass(in net.Conn) {
	defer in.Close()
	address := w.backend.Load()
	if address == nil {
		return
	}
	out, err := net.Dial("tcp", *address)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		_, _ = io.Copy(out, in)
		out.Close()
	}()
	_, _ = io.Copy(in, out)
}

func startWhole(t *testing.T, change func(*bot.Options), hubChanges ...func(*emulator.Options)) *whole {
	t.Helper()
	w := &whole{t: t, forward: make(chan int64)}
	local := emulator.Options{
		Users:     []emulator.User{{Name: "ada", Token: "hf_ada"}, {Name: "eve", Token: "hf_eve"}, {Name: "hfbot", Token: "hf_hfbot"}},
		Orgs:      []emulator.Org{{Name: "acme", Members: map[string]string{"ada": "admin"}}},
		OAuthApps: []emulator.OAuthApp{{ID: "client", Secret: "hush", Name: "hfbot"}},
	}
	for _, c := range hubChanges {
		c(&local)
	}
	var err error
	w.hub, err = emulator.New(local)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.hub.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.hub.Close() })
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(wholeRules), 0o600); err != nil {
		t.Fatal(err)
	}
	list := actions.NewRegistry()
	actions.Add(list, say{})
	actions.Add(list, work{w.forward})
	w.opts = bot.Options{
		Endpoint: w.hub.URL(), Token: "hf_hfbot", Rules: []string{rules}, Database: "sqlite:" + filepath.Join(dir, "bot.db"),
		Listen: "127.0.0.1:0", Actions: list, WorkDir: dir,
	}
	if change != nil {
		change(&w.opts)
	}
	w.front()
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start starts the bot behind the front.
func (w *whole) start() {
	w.t.Helper()
	b, err := bot.New(w.t.Context(), w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	address := strings.TrimPrefix(b.URL(), "http://")
	w.bot = b
	w.backend.Store(&address)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	w.stop = func() {
		w.backend.Store(nil)
		cancel()
		if err := <-served; err != nil {
			w.t.Errorf("serve: %v", err)
		}
		if err := b.Close(); err != nil {
			w.t.Errorf("close: %v", err)
		}
		w.stop = func() {}
	}
}

// send delivers a payload of an event on a repository.
func (w *whole) send(scope, action, repo string) {
	w.t.Helper()
	body := string(event{at: time.Now(), scope: scope, act: action, kind: "model", repo: repo, title: hostile}.body())
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/webhook", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		w.t.Fatalf("the delivery was answered %d", resp.StatusCode)
	}
}

// matched waits until nothing that was delivered is left to be matched.
func (w *whole) matched() {
	w.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(5 * time.Millisecond) {
		left, err := w.bot.Store().Deliveries(w.t.Context(), store.Filter{State: "received", Limit: 1})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
	}
	w.t.Fatal("a delivery was not matched in time")
}

// A list shows what comes in while it is open; after a restart of the bot it shows what it missed.
func TestBrowserLive(t *testing.T) {
	w := startWhole(t, nil)
	b := openTab(t, w.url+"/deliveries")
	b.live()
	b.shows("Nothing came in yet")
	w.send("discussion", "create", "acme/first")
	b.shows("acme/first")
	b.until("its run is seen to succeed", `document.querySelector("#deliveries tr a.tag.succeeded")`)
	if evaluate[bool](b, `document.body.innerText.includes("Nothing came in yet")`) {
		t.Error("the empty list's words are still there")
	}
	b.expecting("net::ERR_")
	w.stop()
	b.shows("Connection lost")
	w.start()
	w.send("discussion", "create", "acme/missed")
	b.shows("acme/missed")
	b.live()
	if rows := evaluate[int](b, `document.querySelectorAll("#deliveries tr").length`); rows != 2 {
		t.Errorf("%d rows, want 2", rows)
	}
}

// A page that nobody sees holds no stream, and catches up when it is seen again.
func TestBrowserHidden(t *testing.T) {
	w := startWhole(t, nil)
	b := openTab(t, w.url+"/deliveries")
	b.live()
	hide := func(hidden bool) {
		t.Helper()
		b.until("the page is told", fmt.Sprintf(`(Object.defineProperty(document, "hidden", {value: %t, configurable: true}),
			document.dispatchEvent(new Event("visibilitychange")), true)`, hidden))
	}
	hide(true)
	b.shows("Paused")
	w.send("discussion", "create", "acme/unseen")
	w.matched()
	hide(false)
	b.live()
	b.shows("acme/unseen")
}

// Who goes through a list by keyboard keeps their place while rows come in and change.
func TestBrowserFocusStays(t *testing.T) {
	w := startWhole(t, nil)
	b := openTab(t, w.url+"/deliveries")
	b.live()
	w.send("repo.content", "update", "acme/large")
	b.until("its run is seen", `document.querySelector("#deliveries tr a.tag.running")`)
	b.until("the row has the focus", `(document.querySelector("#deliveries tr td a").focus(), document.activeElement.closest("tr"))`)
	row := evaluate[string](b, `document.activeElement.closest("tr").id`)
	here := fmt.Sprintf(`document.activeElement === document.getElementById(%q)?.querySelector("td a")`, row)
	w.send("discussion", "create", "acme/next")
	b.until("a row came in above", fmt.Sprintf(`document.querySelector("#deliveries tr").id !== %q`, row))
	if !evaluate[bool](b, here) {
		t.Error("a new row took the focus away")
	}
	runs, err := w.bot.Store().Runs(t.Context(), store.Filter{Repo: "acme/large"})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	if err := w.bot.Cancel(t.Context(), runs[0].ID); err != nil {
		t.Fatal(err)
	}
	b.until("the row changes", fmt.Sprintf(`document.querySelector("#" + CSS.escape(%q) + " a.tag.cancelled")`, row))
	if !evaluate[bool](b, here) {
		t.Error("a change of the row took the focus away")
	}
}

// A long step shows its progress and log as they come; Cancel ends it.
func TestBrowserCancelWithProgress(t *testing.T) {
	w := startWhole(t, nil)
	b := openTab(t, w.url+"/runs")
	b.live()
	w.send("repo.content", "update", "acme/large")
	b.shows("acme/large")
	b.follow("#runs tr a")
	b.until("the run's page is open", `location.pathname.startsWith("/runs/")`)
	b.live()
	for _, n := range []int64{20, 60} {
		w.forward <- n
		b.until("the bar moves", fmt.Sprintf(`document.querySelector("progress")?.value === %d`, n))
		b.shows(fmt.Sprintf("tensor %d of 100", n))
		b.until("the log shows it", fmt.Sprintf(`document.querySelector(".log").innerText.includes("tensor %d done")`, n))
	}
	b.follow("#cancel")
	b.until("the run is cancelled", `document.querySelector("#run-head .tag.cancelled")`)
	b.until("it can be tried again", `document.querySelector("#retry") && !document.querySelector("#cancel")`)
	b.open(w.url + "/audit")
	b.shows("cancel")
	b.shows("this computer")
}

// A webhook that the Hub suspended is seen as such; the button switches it on again.
func TestBrowserWebhook(t *testing.T) {
	failed := make(chan emulator.Delivery, 8)
	w := startWhole(t, func(o *bot.Options) { o.WebhookSecrets = []hub.Secret{"right"} }, func(o *emulator.Options) {
		o.Deliveries = emulator.DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: 1}
		o.OnDelivery = func(d emulator.Delivery) { failed <- d }
	})
	client := func(token hub.Secret) *hub.Client {
		c, err := hub.New(w.hub.URL(), token)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	mine, ada := client("hf_hfbot"), client("hf_ada")
	hook, err := mine.CreateWebhook(t.Context(), hub.WebhookInput{
		URL: w.bot.URL() + "/webhook", Watched: []hub.Watched{{Type: "user", Name: "ada"}}, Domains: []string{hub.DomainRepo}, Secret: "wrong",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ada.CreateRepo(t.Context(), hub.RepoRef{Type: hub.Model, Name: "ada/tiny"}, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	<-failed
	state := func() string {
		t.Helper()
		now, err := mine.Webhook(t.Context(), hook.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Disabled
	}
	for begun := time.Now(); state() != hub.WebhookSuspended; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal("the Hub did not suspend the webhook in time")
		}
	}
	b := openTab(t, w.url+"/")
	b.live()
	b.shows("suspended by the Hub")
	b.follow("#enable-" + hook.ID)
	b.shows("The webhook is switched on")
	if now := state(); now != "" {
		t.Errorf("the webhook is %q on the Hub", now)
	}
	b.until("it is shown enabled", `document.querySelector("#hub-state .tag.succeeded") && !document.querySelector("#hub-state button")`)
	b.open(w.url + "/audit")
	b.shows("enable webhook")
}

// Replay makes a new delivery; a dry run explains and makes none; a payload can be tried.
func TestBrowserReplay(t *testing.T) {
	w := startWhole(t, nil)
	w.send("discussion", "create", "acme/again")
	b := openTab(t, w.url+"/deliveries")
	b.until("the delivery is there", `document.querySelector("#deliveries tr a.tag.succeeded")`)
	b.follow("#deliveries tr a")
	b.until("its page is open", `document.querySelector("#replay")`)
	b.shows("wanted repo.content.update") // why the other rule did not match
	b.follow("#explain")
	b.shows("1 of 2 rules matched")
	b.open(w.url + "/deliveries")
	b.follow("#deliveries tr a")
	b.until("its page is open", `document.querySelector("#replay")`)
	b.follow("#replay")
	b.shows("by replay")
	b.open(w.url + "/deliveries")
	if rows := evaluate[int](b, `document.querySelectorAll("#deliveries tr").length`); rows != 2 {
		t.Errorf("%d deliveries, want the first and its replay", rows)
	}
	b.open(w.url + "/rules/try")
	b.expecting("422")
	evaluate[bool](b, `document.getElementById("body").value = "no payload"; true`)
	b.follow("main form button")
	b.shows("not a webhook payload")
}

// People sign in with their account on the Hub, and only those who are allowed to.
func TestBrowserSignIn(t *testing.T) {
	w := startWhole(t, func(o *bot.Options) {
		o.SignIn = dashboard.SignIn{Provider: o.Endpoint, ClientID: "client", ClientSecret: "hush", Orgs: []string{"acme"}}
		o.AdminToken = "s3cret"
	})
	b := openTab(t, w.url+"/login?to=%2Fdeliveries%3Frule%3Dquick")
	b.allow(w.hub.URL())
	b.shows("Sign in with Hugging Face")
	b.follow(`a[href^="/login/huggingface"]`)
	b.shows("Continue as ada")
	b.expecting("403")
	b.follow(`button[value=eve]`)
	b.shows("You are signed in to Hugging Face as eve, who may not see this dashboard")
	b.follow(`a[href^="/login/huggingface"]`)
	b.shows("Continue as ada")
	b.follow(`button[value=ada]`)
	b.until("the overview", `location.pathname === "/"`)
	b.shows("Sign out")
	b.shows("ada")
	b.live()
	b.follow(".who button")
	b.shows("Sign in with Hugging Face")
	b.expecting("401")
	b.open(w.url + "/deliveries")
	b.shows("Admin token")
	b.signIn("s3cret")
}

// A stranger sees what a public bot does, nothing private, and nothing to press.
func TestBrowserVisitor(t *testing.T) {
	w := startWhole(t, func(o *bot.Options) { o.PublicHost, o.AdminToken = "acme-bot.hf.space", "s3cret" })
	w.send("discussion", "create", "acme/open")
	w.matched()
	b := openTab(t, w.url+"/")
	b.until("the public event is there", `document.body.innerText.includes("acme/open")`)
	b.shows("/hfbot stop")
	b.shows("When a discussion or pull request is opened")
	if n := evaluate[int](b, `document.querySelectorAll("button, form, nav").length`); n != 0 {
		t.Errorf("a stranger may press %d things", n)
	}
	b.expecting("401")
	b.open(w.url + "/deliveries")
	b.shows("Admin token")
}

// Ten thousand rows are paged by keyset, filtered by the address, and what strangers wrote stays text.
func TestBrowserManyRows(t *testing.T) {
	s := newSampleSite(t, true, theFlood(t), nil, func(s *sample) {
		s.add(event{at: noon, scope: "discussion", act: "create", kind: "model", repo: hostile, title: hostile})
	})
	site := httptest.NewServer(s.handler)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	b := openTab(t, site.URL+"/login?to=/deliveries")
	b.signIn("s3cret")
	b.live()
	if rows := evaluate[int](b, `document.querySelectorAll("#deliveries tr").length`); rows != 50 {
		t.Errorf("%d rows on a page, want 50", rows)
	}
	first := evaluate[string](b, `document.querySelector("#deliveries tr").id`)
	b.follow("a[rel=next]")
	b.until("the next page", `location.search.includes("before=")`)
	b.until("it has other rows", fmt.Sprintf(`document.querySelector("#deliveries tr").id < %q`, first))
	b.open(site.URL + "/deliveries?text=repo-07")
	b.until("only what fits", `[...document.querySelectorAll("#deliveries tr")].every((r) => r.innerText.includes("repo-07"))`)
	if n := evaluate[int](b, `document.querySelectorAll("#deliveries tr").length`); n == 0 {
		t.Error("the search finds nothing")
	}
	b.mark("")
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=repo]"), hostile+kb.Enter))
	b.until("the filtered page is loaded", arrived)
	b.until("the filter is in the address", `new URLSearchParams(location.search).get("repo")?.startsWith("<script>")`)
	b.shows("No delivery fits")
	b.open(site.URL + "/deliveries?repo=" + url.QueryEscape(hostile))
	b.shows("<script>alert(1)</script>")
	b.follow("#deliveries tr a")
	b.until("its page", `document.querySelector("#payload")`)
	b.shows("onerror=alert(2)")
	if n := evaluate[int](b, `document.querySelectorAll("main script, main img").length`); n != 0 {
		t.Errorf("%d elements are made of a stranger's text", n)
	}
	// By keyboard alone: the first stop skips the menu.
	b.open(site.URL + "/runs")
	b.do(chromedp.KeyEvent(kb.Tab))
	b.until("the first stop is the link past the menu", `document.activeElement.className === "skip"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until("it leads to the content", `location.hash === "#main"`)
}
