package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/cmd/deploy"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

const rules = `version: 1
rules:
  - id: ci
    on: discussion.create
    repos: {name: demo/*}
    steps: [{uses: ci.github, with: {repository: a/b, event_type: push}, secrets: {token: CI_TOKEN}}]
`

// stage is a local Hub, a bot's folder, and what answers in the place of the Space.
type stage struct {
	t   *testing.T
	hub *emulator.Server
	dir string
	out bytes.Buffer

	mu     sync.Mutex
	status int      // of the bot's answers
	given  []string // the secrets of the deliveries that came
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), status: http.StatusAccepted}
	space := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.given = append(s.given, r.Header.Get("X-Webhook-Secret"))
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, `{"delivery":"d1"}`)
	}))
	t.Cleanup(space.Close)
	server, err := emulator.New(emulator.Options{SpaceHost: func(string) string { return strings.TrimPrefix(space.URL, "http://") }})
	s.must(err)
	s.must(server.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { s.must(server.Close()) })
	s.hub = server
	s.write("rules.yaml", rules)
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	s.must(errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)))
}

func (s *stage) answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

var space = hub.RepoRef{Type: hub.Space, Name: "demo/my-bot"}

func (s *stage) options() deploy.Options {
	s.t.Helper()
	set, problems := rule.Load([]string{filepath.Join(s.dir, "rules.yaml")}, rule.Options{Actions: actions.Default})
	if set == nil {
		s.t.Fatal(problems.Text())
	}
	return deploy.Options{
		Space: space, Dir: s.dir, Rules: set, Client: s.hub.Client("demo"), Token: "hf_hfbot", BotClient: s.hub.Client("hfbot"),
		Visibility: hub.VisibilityProtected, Local: true, Wait: time.Minute, Out: &s.out, HTTP: http.DefaultClient,
		LookupEnv: func(name string) (string, bool) { return "ci-hush", name == "CI_TOKEN" },
	}
}

// run deploys with the options changed.
func (s *stage) run(ctx context.Context, change func(*deploy.Options)) (*deploy.Result, error) {
	s.t.Helper()
	o := s.options()
	if change != nil {
		change(&o)
	}
	return deploy.Run(ctx, o)
}

// check wants the Space and the webhook to be as the folder says.
func (s *stage) check() {
	s.t.Helper()
	env, err := s.hub.SpaceEnvironment(space.Name)
	if err != nil || !slices.Equal(env, []string{"CI_TOKEN=ci-hush", "HF_TOKEN=hf_hfbot"}) {
		s.t.Errorf("the Space's environment is %q, %v", env, err)
	}
	files := map[string]bool{}
	for entry, err := range s.hub.Client("demo").Tree(s.t.Context(), space, "main") {
		s.must(err)
		files[entry.Path] = true
	}
	for _, name := range []string{"rules.yaml", "Dockerfile", "README.md", "hfbot.yaml"} {
		if !files[name] {
			s.t.Errorf("the Space lacks %s", name)
		}
	}
	hooks, err := s.hub.Client("hfbot").Webhooks(s.t.Context())
	if err != nil || len(hooks) != 1 || subscription.Describe(hooks[0].Watched) != "user demo" || !hooks[0].HasSecret {
		s.t.Errorf("webhooks %+v, %v", hooks, err)
	}
}

func TestAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	first, err := s.run(t.Context(), nil)
	s.must(err)
	s.check()
	if first.Test == nil || first.Test.Status != 202 || !strings.HasPrefix(first.Test.Explanation["ci"], "not_matched, on wants") {
		t.Errorf("the first delivery: %+v", first.Test)
	}
	if want := subscription.DeriveSecret("hf_hfbot", space.Name, 0).Reveal(); !slices.Equal(s.given, []string{want}) {
		t.Errorf("the Space was sent the secrets %q, want the derived one", s.given)
	}
	again, err := s.run(t.Context(), nil)
	s.must(err)
	if len(again.Changes) > 0 || again.Webhook != first.Webhook {
		t.Errorf("the second time changed %q", again.Changes)
	}
	for _, secret := range []string{"hf_hfbot", "ci-hush", s.given[0]} {
		if strings.Contains(s.out.String(), secret) {
			t.Errorf("the output shows %s:\n%s", secret, &s.out)
		}
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dry, err := s.run(t.Context(), func(o *deploy.Options) { o.DryRun = true })
	s.must(err)
	if exists, err := s.hub.Client("demo").RepoExists(t.Context(), space); exists || err != nil || len(s.given) > 0 {
		t.Errorf("a dry run made the Space (%t, %v) or called it (%q)", exists, err, s.given)
	}
	done, err := s.run(t.Context(), nil)
	s.must(err)
	// README.md is there from the beginning, and the address is known only then.
	for _, change := range dry.Changes[:len(dry.Changes)-1] {
		if !slices.Contains(done.Changes, strings.Replace(change, "add the file README", "change the file README", 1)) {
			t.Errorf("the dry run tells %q, which was not done: %q", change, done.Changes)
		}
	}
}

// TestInterruptedAnywhere breaks a deployment off before each of its calls, and wants the next one to finish it.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for calls := 0; ; calls++ {
		s := newStage(t)
		ctx, cancel := context.WithCancel(t.Context())
		left := calls
		interrupted := func(token hub.Secret) *hub.Client {
			client, err := hub.New(s.hub.URL(), token, hub.WithTransportWrapper(func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					if left--; left < 0 {
						cancel() // as Ctrl-C does
						return nil, context.Canceled
					}
					return next.RoundTrip(r)
				})
			}))
			s.must(err)
			return client
		}
		_, err := s.run(ctx, func(o *deploy.Options) { o.Client, o.BotClient = interrupted("hf_demo"), interrupted("hf_hfbot") })
		cancel()
		if err == nil {
			if calls < 8 {
				t.Errorf("a deployment takes %d calls only", calls)
			}
			return
		}
		if _, err := s.run(t.Context(), nil); err != nil {
			t.Errorf("after %d calls: %v", calls, err)
		}
		s.check()
	}
}

func TestRotateFromGenerationToGeneration(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, err := s.run(t.Context(), nil)
	s.must(err)
	for want := 1; want <= 2; want++ {
		result, err := s.run(t.Context(), func(o *deploy.Options) { o.Rotate = true })
		s.must(err)
		if len(result.Changes) != 1 {
			t.Errorf("rotation %d changed %q", want, result.Changes)
		}
		if got := s.given[len(s.given)-1]; got != subscription.DeriveSecret("hf_hfbot", space.Name, want).Reveal() {
			t.Errorf("rotation %d sent another secret than the new one", want)
		}
	}
}

// TestWhatGoesWrong wants each failure to say what it is and what to do.
func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(s *stage)
		change  func(*deploy.Options)
		want    string
	}{
		"a WEBHOOK_SECRET of its own": {func(s *stage) { s.answer(http.StatusUnauthorized) }, nil, "set WEBHOOK_SECRET here to the same"},
		"the page of a bot that lacks something": {
			func(s *stage) { s.answer(http.StatusServiceUnavailable) }, nil,
			"answers 503 to a delivery instead of 202; the Space's page says",
		},
		"a proxy that is no bot": {func(s *stage) { s.answer(http.StatusOK) }, nil, "answers 200"},
		"a build that fails": {
			func(s *stage) { s.hub.SetFaults(emulator.Faults{SpaceStage: hub.StageBuildError}) }, nil, "the end of its log:",
		},
		"a Space that takes for ever": {
			func(s *stage) { s.hub.SetFaults(emulator.Faults{SpaceStage: "BUILDING"}) }, nil, "still in stage BUILDING",
		},
		"a token that may not change the Space": {
			nil, func(o *deploy.Options) { o.Client = o.BotClient }, "the token may not make repositories there",
		},
		"a token that may manage no webhooks": {
			nil, func(o *deploy.Options) { o.BotClient = refusing(o.BotClient.Endpoint(), "/api/settings/webhooks", 403) },
			"give it the permission for webhooks",
		},
		"a page instead of an answer": {
			nil, func(o *deploy.Options) { o.BotClient = refusing(o.BotClient.Endpoint(), "/api/settings/webhooks", 200) },
			"list the webhooks",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			_, err := s.run(t.Context(), nil)
			s.must(err)
			if tc.prepare != nil {
				tc.prepare(s)
			}
			_, err = s.run(t.Context(), func(o *deploy.Options) {
				o.Wait = time.Second
				if tc.change != nil {
					tc.change(o)
				}
			})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// refusing is a client of a Hub that answers so, with a page, wherever a path begins with prefix.
func refusing(endpoint, prefix string, status int) *hub.Client {
	client, err := hub.New(endpoint, "hf_hfbot", hub.WithTransportWrapper(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, prefix) {
				return next.RoundTrip(r)
			}
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {"text/html"}}, Request: r,
				Body: io.NopCloser(strings.NewReader("<html>no</html>")),
			}, nil
		})
	}))
	if err != nil {
		panic(err)
	}
	return client
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestThePlanOfNoPlan(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, err := s.run(t.Context(), func(o *deploy.Options) {
		o.Client = refusing(s.hub.URL(), "/api/repos/create", http.StatusPaymentRequired)
	})
	if err == nil || !strings.Contains(err.Error(), "paid plan") || !strings.Contains(err.Error(), "hfbot deploy --job") {
		t.Errorf("got %v, want the other ways", err)
	}
}
