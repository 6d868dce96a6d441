package dashboard_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// Each route of the API stands in its document, and none that is not there.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	db := openStore(t, t.TempDir()+"/bot.db", &clock{now: noon})
	t.Cleanup(func() { _ = db.Close() })
	e := echo.New()
	d := dashboard.New(dashboard.Options{Store: db, Listen: "127.0.0.1:0"})
	t.Cleanup(d.Close)
	d.Register(e)
	var want, got []string
	for _, r := range e.Routes() {
		if path, ok := strings.CutPrefix(r.Path, "/api/v1"); ok && (r.Method == http.MethodGet || r.Method == http.MethodPost) {
			path = strings.NewReplacer(":id", "{id}", ":rule", "{rule}").Replace(path)
			want = append(want, r.Method+" "+path)
		}
	}
	for line := range strings.Lines(string(text)) {
		if route, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); ok && strings.HasPrefix(line, "| `") && strings.Contains(route, " /") {
			path, _, _ := strings.Cut(route, "?")
			got = append(got, path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/api.md:\n%s", diff)
	}
}

// A dry run is called one wherever a run is shown.
func TestDryRunIsShown(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		var run string
		s := newSampleSite(t, true, nil, nil, func(s *sample) {
			_, runs := s.add(event{
				at: noon.Add(-time.Minute), scope: "discussion", act: "create", kind: "model", repo: "acme-lab/tiny-llama",
				title: "x", ends: store.Succeeded, took: time.Second, dry: dry,
			})
			run = runs[0]
		})
		for _, path := range []string{"/", "/runs", "/runs/" + run} {
			if _, body := s.do(http.MethodGet, path); strings.Contains(body, ">dry run</span>") != dry {
				t.Errorf("%s: dry %v: it says otherwise", path, dry)
			}
		}
		for _, path := range []string{"/api/v1/runs", "/api/v1/runs/" + run} {
			if _, body := s.do(http.MethodGet, path); strings.Contains(body, `"dry_run":true`) != dry {
				t.Errorf("%s: dry %v: %.300s", path, dry, body)
			}
		}
	}
}

// TestAPIErrors have one form, also those of the router, and a filter by a word that there is none of is one.
func TestAPIErrors(t *testing.T) {
	t.Parallel()
	s := newSampleSite(t, true, nil, nil, nil)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/nosuch":                             {http.StatusNotFound, "Not Found"},
		"/api/v1/nosuch":                      {http.StatusNotFound, "Not Found"},
		"/api/v1/runs/nosuch":                 {http.StatusNotFound, "there is no such delivery or run"},
		"/api/v1/runs?state=nonsense":         {http.StatusBadRequest, `state "nonsense" is none of queued, waiting, running, `},
		"/api/v1/deliveries?state=succeeded":  {http.StatusBadRequest, `state "succeeded" is none of received, matched, failed`},
		"/api/v1/deliveries?verdict=nonsense": {http.StatusBadRequest, `verdict "nonsense" is none of matched, `},
		"/api/v1/runs?state=failed":           {http.StatusOK, ""},
		"/runs?state=nonsense":                {http.StatusOK, ""}, // a page shows that nothing was found
	} {
		res, body := s.do(http.MethodGet, path)
		var said struct{ Error string }
		if want.text != "" {
			if err := json.Unmarshal([]byte(body), &said); err != nil {
				t.Errorf("%s: %v: %.300s", path, err, body)
			}
		}
		if res.StatusCode != want.status || !strings.HasPrefix(said.Error, want.text) || (said.Error == "") != (want.text == "") {
			t.Errorf("%s: %d %q", path, res.StatusCode, said.Error)
		}
	}
}

// What a page shows, the API tells.
func TestAPITells(t *testing.T) {
	t.Parallel()
	many := theDay(t)
	s := newSampleSite(t, true, many, func(o *dashboard.Options) { o.Hub = sampleHub(t) }, nil)
	s.awaitPage("/", "suspended by the Hub")
	read := func(path string, out any) {
		t.Helper()
		res, body := s.do(http.MethodGet, "/api/v1"+path)
		if err := json.Unmarshal([]byte(body), out); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v: %.300s", path, res.StatusCode, err, body)
		}
	}
	var overview struct {
		Backlog  map[string]int64
		Webhooks []struct {
			Disabled string
			Used     int64 `json:"triggers_24h"`
			Watched  []hub.Watched
		}
	}
	read("/overview", &overview)
	if len(overview.Webhooks) != 2 || overview.Webhooks[0].Used != 75 || overview.Webhooks[1].Disabled != hub.WebhookSuspended ||
		len(overview.Webhooks[1].Watched) != 2 || overview.Backlog["running"] != 1 {
		t.Errorf("the overview is %+v", overview)
	}
	var run struct {
		State string
		Steps []struct {
			If       string
			Progress *struct{ Done, Total int64 }
			Attempts []struct{ Number int }
		}
	}
	read("/runs/"+many.running, &run)
	if len(run.Steps) != 2 || run.Steps[0].Progress == nil || len(run.Steps[0].Attempts) != 1 || run.Steps[1].If == "" {
		t.Errorf("the run is %+v", run)
	}
	var logs struct {
		Logs []struct{ Level, Message string }
	}
	read("/runs/"+many.running+"/logs", &logs)
	if len(logs.Logs) != 4 || logs.Logs[3].Level != "warn" {
		t.Errorf("the log is %+v", logs)
	}
	var delivery struct {
		Public      bool
		Webhook     string
		Explanation struct {
			Rules []struct{ Clauses []struct{ Want, Got string } }
		}
	}
	read("/deliveries/"+many.matched, &delivery)
	if !delivery.Public || delivery.Webhook != "6390e855e30d9209411de93b" || len(delivery.Explanation.Rules) != 3 {
		t.Errorf("the delivery is %+v", delivery)
	}
	var rules struct {
		Rules []struct {
			Words    struct{ When string }
			Verdicts map[string]int64 `json:"verdicts_24h"`
			Breaker  struct{ Max int }
		}
	}
	read("/rules", &rules)
	if len(rules.Rules) != 3 || rules.Rules[0].Words.When != "files change" || rules.Rules[0].Verdicts["matched"] != 19 ||
		rules.Rules[0].Breaker.Max == 0 {
		t.Errorf("the rules are %+v", rules)
	}
	var breakers struct {
		Breakers []struct{ Rule, Repo string }
	}
	read("/breakers", &breakers)
	if len(breakers.Breakers) != 1 || breakers.Breakers[0].Rule != "auto-safetensors" {
		t.Errorf("the breakers are %+v", breakers)
	}
	res, _ := s.do(http.MethodPost, "/api/v1/rules/auto-safetensors/reset?repo=acme-lab/tiny-llama")
	if res.StatusCode != http.StatusOK {
		t.Errorf("the reset is answered %d", res.StatusCode)
	}
	for rule, want := range map[string]struct {
		status int
		text   string
	}{
		"auto-safetensors": {http.StatusConflict, "the breaker of rule auto-safetensors is not open on acme-lab/tiny-llama; "},
		"no-such-rule":     {http.StatusNotFound, "there is no rule no-such-rule"},
	} {
		res, body := s.do(http.MethodPost, "/api/v1/rules/"+rule+"/reset?repo=acme-lab/tiny-llama")
		if res.StatusCode != want.status || !strings.Contains(body, want.text) {
			t.Errorf("a reset of the closed breaker of %s is answered %d %s", rule, res.StatusCode, body)
		}
	}
	var audit struct {
		Audit []struct{ Act, Target string }
	}
	read("/audit", &audit)
	if len(audit.Audit) != 3 || audit.Audit[0].Act != "reset_breaker" {
		t.Errorf("the audit log is %+v", audit)
	}
}
