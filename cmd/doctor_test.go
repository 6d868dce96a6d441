package cmd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

const (
	doctorSecret = "0123456789abcdef"
	doctorRules  = `version: 1
rules:
  - id: welcome
    on: discussion.create
    repos: {type: model, name: demo/tiny}
    steps: [{uses: hub.comment, with: {body: Hello}}]
`
)

// patient is a bot in good health: a local Hub with a repository, rules, a webhook, and a bot that answers.
type patient struct {
	t      *testing.T
	hub    *emulator.Server
	repo   hub.RepoRef
	status int // of the bot's answer to who knows the secret
	doctor *doctor
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, status: http.StatusBadRequest, repo: hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/webhook", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Webhook-Secret") != doctorSecret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(p.status)
	})
	bot := httptest.NewServer(mux)
	t.Cleanup(bot.Close)
	p.startHub()
	p.must(p.hub.Client("demo").CreateRepo(t.Context(), p.repo, hub.CreateRepoOptions{}))
	_, err := p.hub.Client("hfbot").CreateWebhook(t.Context(), hub.WebhookInput{
		URL: subscription.Address(bot.URL), Secret: doctorSecret, Domains: []string{"discussion"},
		Watched: []hub.Watched{{Type: "model", Name: p.repo.Name}},
	})
	p.must(err)
	dir := t.TempDir()
	p.doctor = &doctor{
		cfg: &config.Config{
			Rules: []string{filepath.Join(dir, "rules.yaml")}, Database: "sqlite:" + filepath.Join(dir, "data", "bot.db"),
			Endpoint: p.hub.URL(), Token: "hf_fine", WebhookSecrets: []hub.Secret{doctorSecret}, PublicHost: bot.URL, ManageWebhook: "on",
		},
		http: &http.Client{Timeout: 10 * time.Second}, now: time.Now, onRootDisk: func(string) bool { return false },
	}
	p.write(doctorRules)
	return p
}

func (p *patient) startHub() {
	p.t.Helper()
	fine := func(token string, scopes ...string) emulator.Token {
		return emulator.Token{User: "hfbot", Token: token, Role: "fineGrained", Scopes: scopes}
	}
	var err error
	p.hub, err = emulator.New(emulator.Options{
		Users: []emulator.User{{Name: "demo", Token: "hf_demo"}, {Name: "hfbot", Token: "hf_hfbot"}},
		Orgs:  []emulator.Org{{Name: "acme", Members: map[string]string{"demo": "admin", "hfbot": "write"}}},
		Tokens: []emulator.Token{
			{User: "hfbot", Token: "hf_read", Role: "read"},
			fine("hf_fine", "read-repos", "write-repos", "write-discussions", "webhooks"),
			fine("hf_mute", "read-repos", "webhooks"), fine("hf_hookless", "read-repos", "write-discussions"),
		},
		Deliveries: emulator.DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: 1},
	})
	p.must(err)
	p.must(p.hub.Start(p.t.Context(), "127.0.0.1:0"))
	p.t.Cleanup(func() { p.must(p.hub.Close()) })
}

func (p *patient) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *patient) write(rules string) {
	p.t.Helper()
	p.must(os.WriteFile(p.doctor.cfg.Rules[0], []byte(rules), 0o600))
}

// fakeHub answers every call so.
func (p *patient) fakeHub(answer http.HandlerFunc) {
	server := httptest.NewServer(answer)
	p.t.Cleanup(server.Close)
	p.doctor.cfg.Endpoint = server.URL
}

func (p *patient) webhook() hub.Webhook {
	p.t.Helper()
	all, err := p.hub.Client("hfbot").Webhooks(p.t.Context())
	p.must(err)
	return all[0]
}

// ailment is one thing that is wrong, and what the check for it must say.
type ailment struct {
	spoil                  func(p *patient)
	check, state, text, do string
}

// examine wants the doctor to find what is wrong.
func examine(t *testing.T, all map[string]ailment) {
	t.Helper()
	for name, tc := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			tc.spoil(p)
			for _, f := range p.doctor.examine(t.Context()) {
				if strings.Contains(f.Text+f.Do, "hush") || strings.Contains(f.Text+f.Do, doctorSecret) {
					t.Errorf("%s shows a secret: %s", f.Name, f.Text)
				}
				if f.Name == tc.check && (f.State != tc.state || !strings.Contains(f.Text, tc.text) || !strings.Contains(f.Do, tc.do)) {
					t.Errorf("%s is %s: %s -> %s\nwant %s: %s -> %s", f.Name, f.State, f.Text, f.Do, tc.state, tc.text, tc.do)
				}
			}
		})
	}
}

func TestDoctorOfTheHealthy(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.must(p.hub.Client("demo").CreateRepo(t.Context(), hub.RepoRef{Type: hub.Model, Name: "acme/tiny"}, hub.CreateRepoOptions{}))
	p.write(strings.Replace(doctorRules, "demo/tiny", "acme/tiny", 1))
	_, err := p.hub.Client("hfbot").UpdateWebhook(t.Context(), p.webhook().ID, hub.WebhookInput{
		URL: p.webhook().URL, Secret: doctorSecret, Domains: []string{"discussion"}, Watched: []hub.Watched{{Type: "model", Name: "acme/tiny"}},
	})
	p.must(err)
	for _, f := range p.doctor.examine(t.Context()) {
		if f.State != checkOK {
			t.Errorf("%s is %s: %s -> %s", f.Name, f.State, f.Text, f.Do)
		}
	}
}

func TestDoctorOnTheToken(t *testing.T) {
	t.Parallel()
	with := func(token hub.Secret) func(p *patient) { return func(p *patient) { p.doctor.cfg.Token = token } }
	examine(t, map[string]ailment{
		"none":                {with(""), "token", checkFail, "no HF_TOKEN", tokenPage},
		"unknown":             {with("hf_nobody"), "token", checkFail, "does not know HF_TOKEN", tokenPage},
		"only reads":          {with("hf_read"), "token", checkFail, "it may write nothing", "fine-grained or write"},
		"may too much":        {with("hf_hfbot"), "token", checkWarn, "wherever the account may", "less harm"},
		"may not comment":     {with("hf_mute"), "token", checkFail, "may not write in discussions", "permission"},
		"may make no webhook": {with("hf_hookless"), "token", checkFail, "may not manage webhooks", "permission"},
	})
}

// TestDoctorOnTheRights: what a step needs is what its action says it needs, on the repository that it works on.
func TestDoctorOnTheRights(t *testing.T) {
	t.Parallel()
	step := func(step string) func(p *patient) {
		return func(p *patient) {
			p.write(strings.Replace(doctorRules, "{uses: hub.comment, with: {body: Hello}}", step, 1))
		}
	}
	const want = "the token may not write to model demo/tiny"
	examine(t, map[string]ailment{
		"to comment":         {step("{uses: hub.comment, with: {body: Hello}}"), "rights", checkOK, "(1)", ""},
		"to merge":           {step("{uses: hub.merge}"), "rights", checkFail, `rule "welcome", step 1 (hub.merge): ` + want, "write access"},
		"to close":           {step("{id: shut, uses: hub.close}"), "rights", checkWarn, `step shut (hub.close): ` + want + ": it works on", "write access"},
		"to tag elsewhere":   {step("{uses: hub.tag, with: {tag: v1, repo: acme/tiny}}"), "rights", checkOK, "(1)", ""},
		"to restart a Space": {step("{uses: space.restart, with: {space: demo/app}}"), "rights", checkFail, "may not write to space demo/app, which is not there", "write access"},
		"to tag a dataset":   {step("{uses: hub.tag, with: {tag: v1, repo: demo/none}}"), "rights", checkOK, "(1)", ""},
		"where nobody knows": {step(`{uses: hub.merge, with: {repo: "${{ repo.name }}"}}`), "rights", checkOK, "(1)", ""},
		"in a dry run": {func(p *patient) {
			p.write(strings.Replace(doctorRules, "version: 1\n", "version: 1\ndefaults: {dry_run: true}\n", 1))
		}, "rights", checkOK, "(1)", ""},
		"to see a repository": {func(p *patient) { p.write(strings.Replace(doctorRules, "demo/tiny", "demo/none", 1)) }, "rights", checkFail, `rule "welcome": model demo/none is not there`, "the name in the rules"},
	})
}

// TestDoctorOnTheRightsThatTheHubDoesNotTell takes no failure of the Hub for a right that is missing.
func TestDoctorOnTheRightsThatTheHubDoesNotTell(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.write(strings.Replace(doctorRules, "hub.comment, with: {body: Hello}", "hub.merge", 1))
	if found := p.doctor.examine(t.Context()); !strings.Contains(found[6].Text, "may not write") { // loads the rules
		t.Fatal(found)
	}
	p.fakeHub(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	var err error
	p.doctor.client, err = hub.New(p.doctor.cfg.Endpoint, p.doctor.cfg.Token)
	p.must(err)
	if f := p.doctor.checkRights(t.Context())[0]; f.State != checkWarn || !strings.Contains(f.Text, "cannot be told") {
		t.Errorf("%+v", f)
	}
}

func TestDoctorOnTheWebhook(t *testing.T) {
	t.Parallel()
	examine(t, map[string]ailment{
		"none": {func(p *patient) {
			p.must(p.hub.Client("hfbot").DeleteWebhook(p.t.Context(), p.webhook().ID))
		}, "webhook", checkFail, "has none that calls", "hfbot webhooks sync"},
		"suspended": {func(p *patient) {
			p.status = http.StatusInternalServerError
			_, err := p.hub.Client("demo").CreateDiscussion(p.t.Context(), p.repo, hub.CreateDiscussionInput{Title: "Hello", Description: "there"})
			p.must(err)
			p.must(p.hub.Idle(p.t.Context()))
		}, "webhook", checkFail, "has suspended webhook", "hfbot webhooks enable "},
		"switched off": {func(p *patient) {
			_, err := p.hub.Client("hfbot").DisableWebhook(p.t.Context(), p.webhook().ID)
			p.must(err)
		}, "webhook", checkFail, "is switched off", "hfbot webhooks enable "},
		"watches something else": {func(p *patient) {
			_, err := p.hub.Client("hfbot").UpdateWebhook(p.t.Context(), p.webhook().ID, hub.WebhookInput{
				URL: p.webhook().URL, Domains: []string{"repo"}, Watched: []hub.Watched{{Type: "user", Name: "demo"}},
			})
			p.must(err)
		}, "webhook", checkWarn, "should be changed", "hfbot webhooks sync"},
		"another secret": {func(p *patient) {
			p.doctor.cfg.WebhookSecrets = []hub.Secret{"another-secret-0"}
		}, "address", checkFail, "another webhook secret", "the same WEBHOOK_SECRET"},
		"no secret": {func(p *patient) {
			p.doctor.cfg.WebhookSecrets, p.doctor.cfg.ManageWebhook = nil, "off"
		}, "secret", checkFail, "no WEBHOOK_SECRET", "openssl rand"},
		"short secret": {func(p *patient) {
			p.doctor.cfg.WebhookSecrets = []hub.Secret{"hush"}
		}, "secret", checkWarn, "short enough", "openssl rand"},
		"nobody there":   {func(p *patient) { p.doctor.cfg.PublicHost = "127.0.0.1:1" }, "address", checkFail, "does not answer", "start"},
		"not set up":     {func(p *patient) { p.status = http.StatusServiceUnavailable }, "address", checkFail, "not set up", "its page"},
		"something else": {func(p *patient) { p.status = http.StatusOK }, "address", checkFail, "answers 200", "proxy"},
	})
}

func TestDoctorOnThisMachine(t *testing.T) {
	t.Parallel()
	at := func(off time.Duration) func(p *patient) {
		return func(p *patient) { p.doctor.now = func() time.Time { return time.Now().Add(off) } }
	}
	examine(t, map[string]ailment{
		"bad rules": {func(p *patient) {
			p.write("version: 1\nrules: [{id: x, onn: push}]\n")
		}, "rules", checkFail, "rules.yaml:2:", "hfbot check"},
		"no rules": {func(p *patient) { p.must(os.Remove(p.doctor.cfg.Rules[0])) }, "rules", checkFail, "no such file", "hfbot check"},
		"rules on the Hub that are not there": {func(p *patient) {
			p.doctor.cfg.Rules = []string{"hf://datasets/demo/none/rules.yaml"}
		}, "rules", checkFail, "hf://datasets/demo/none/rules.yaml", "HFBOT_RULES"},
		"rules for a repository that is not there": {func(p *patient) {
			p.write(strings.Replace(doctorRules, "demo/tiny", "demo/none", 1))
		}, "rights", checkFail, "demo/none is not there", "the name in the rules"},
		"late clock":  {at(-6 * time.Minute), "clock", checkFail, "off by -", "NTP"},
		"early clock": {at(time.Hour), "clock", checkFail, "off by 1h", "NTP"},
		"PostgreSQL that nobody is at": {func(p *patient) {
			p.doctor.cfg.Database = "postgres://bot:hush@127.0.0.1:1/bot"
		}, "database", checkFail, "bot at 127.0.0.1:1: cannot be reached", "firewall"},
		"PostgreSQL with a password that is not encoded": {func(p *patient) {
			p.doctor.cfg.Database = "postgres://bot:p@hush#1@127.0.0.1:1/bot"
		}, "database", checkFail, "percent-encode the password", ""},
		"PostgreSQL at a socket that is not there": {func(p *patient) {
			p.doctor.cfg.Database = "postgres://bot:hush@/bot?host=/nowhere&port=54399"
		}, "database", checkFail, "bot in /nowhere (port 54399): cannot be reached", "firewall"},
		"database in what is no folder": {func(p *patient) {
			p.doctor.cfg.Database = "sqlite:" + p.doctor.cfg.Rules[0] + "/bot.db"
		}, "database", checkFail, "rules.yaml", "--database"},
		"database on a Space's own disk": {func(p *patient) {
			p.doctor.cfg.SpaceID, p.doctor.onRootDisk = "demo/bot", func(string) bool { return true }
		}, "database", checkWarn, "emptied at each restart", "HFBOT_DATABASE"},
	})
}

// TestDoctorOnTheHub lets the Hub be none, or a hostile one.
func TestDoctorOnTheHub(t *testing.T) {
	t.Parallel()
	examine(t, map[string]ailment{
		"nobody": {func(p *patient) { p.doctor.cfg.Endpoint = "http://127.0.0.1:1" }, "hub", checkFail, "does not answer", "HF_ENDPOINT"},
		"a teapot": {func(p *patient) {
			p.fakeHub(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		}, "hub", checkFail, "answers 418", "HF_ENDPOINT"},
		"a page": {func(p *patient) {
			p.fakeHub(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "<html>Welcome to this WiFi</html>")
			})
		}, "hub", checkFail, "answers with a page", "HF_ENDPOINT"},
		"no end": {func(p *patient) {
			p.fakeHub(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for part := strings.Repeat(`{"a":`, 1<<16); ; {
					if _, err := io.WriteString(w, part); err != nil {
						return
					}
				}
			})
		}, "token", checkFail, "larger than", "HF_ENDPOINT"},
		"no answer": {func(p *patient) {
			p.doctor.http.Timeout, p.doctor.cfg.Token = 50*time.Millisecond, ""
			p.fakeHub(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, "hub", checkFail, "does not answer", "HF_ENDPOINT"},
	})
}

// TestDoctorShowsOneLine: what a stranger called a repository is no finding of its own, and steers no terminal.
func TestDoctorShowsOneLine(t *testing.T) {
	t.Parallel()
	var shown strings.Builder
	g := diagnosis{Checks: []finding{{"rights", checkWarn, "a/b\n\nok       rights    all\x1b[2J", "x\ny\u202e"}}}
	if err := g.show(&shown, format{}); err != nil {
		t.Error(err)
	}
	want := "warning  rights    a/b ok rights all�[2J\n                   -> x y�\n"
	if shown.String() != want {
		t.Errorf("shown as %q, want %q", shown.String(), want)
	}
}
