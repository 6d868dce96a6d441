package builtin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// service is a server that keeps what it was sent.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // method and path
	last  map[string]any
	head  http.Header
}

// newService starts a server that answers by a function.
func newService(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.calls, s.head = append(s.calls, r.Method+" "+r.URL.Path), r.Header
		if len(body) > 0 {
			s.last = nil
			_ = json.Unmarshal(body, &s.last)
		}
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// seen is the last body.
func (s *service) seen() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// anywhere gives a step that needs no event.
func anywhere(step actionstest.Step) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(testing.TB, *actionstest.Harness) actionstest.Step { return step }
}

func TestNotify(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		with map[string]any
		want map[string]any
	}{
		"notify.slack": {
			map[string]any{"text": "<!channel> a & b\x1b[31m", "link": "https://example.org/x"},
			map[string]any{"text": "&lt;!channel&gt; a &amp; b\nhttps://example.org/x"},
		},
		"notify.slack with blocks": {
			map[string]any{"text": "x", "notify": "here", "blocks": []any{map[string]any{
				"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "<!channel> <@U1> <https://example.org|a> <!subteam^S1>"},
			}}},
			map[string]any{"text": "<!here> x", "blocks": []any{map[string]any{
				"type": "section", "text": map[string]any{
					"type": "mrkdwn", "text": "&lt;!channel> &lt;@U1> <https://example.org|a> &lt;!subteam^S1>",
				},
			}}},
		},
		"notify.discord": {
			map[string]any{"text": "@everyone " + strings.Repeat("é", 3000), "link": "https://example.org/x", "username": "bot"},
			map[string]any{
				"content":          "@everyone " + strings.Repeat("é", 2000-22-10-1) + "…\nhttps://example.org/x",
				"allowed_mentions": map[string]any{"parse": []any{}}, "username": "bot",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uses, _, _ := strings.Cut(name, " ")
			s := newService(t, ok)
			secrets := map[string]string{"webhook_url": s.URL + "/services/T0/s3cret"}
			out := actionstest.Check(t, anywhere(actionstest.Step{Uses: uses, With: test.with, Secrets: secrets}))
			if diff := cmp.Diff(test.want, s.seen()); diff != "" || out["sent"] != true {
				t.Errorf("outputs %v\n%s", out, diff)
			}
		})
	}
}

func TestNotifyFails(t *testing.T) {
	t.Parallel()
	gone := newService(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_service", http.StatusNotFound) })
	moved := newService(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, gone.URL, http.StatusFound) })
	busy := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	h := actionstest.New(t)
	for address, want := range map[string]string{
		gone.URL + "/s3cret": "the webhook was removed", moved.URL + "/s3cret": "answered 302", busy.URL + "/s3cret": "answered 429",
		"ftp://s3cret": "is no https address", "http://127.0.0.1:1/s3cret": "nothing was sent",
	} {
		_, err := h.Run(t, actionstest.Step{
			Uses: "notify.slack", With: map[string]any{"text": "x"}, Secrets: map[string]string{"webhook_url": address},
		})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v, want %q and no address", address, err, want)
		}
		if delay, marked := actions.RetryDelay(err); strings.HasPrefix(address, busy.URL) && (!marked || delay != 7*time.Second) {
			t.Errorf("delay %v %v", delay, marked)
		}
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	s := newService(t, ok)
	h := actionstest.New(t)
	step := actionstest.Step{
		Uses: "http.request", Secrets: map[string]string{"hmac": "It's a Secret to Everybody"},
		With: map[string]any{"url": s.URL, "body": "Hello, World!", "sign": "github"},
	}
	h.MustRun(t, step)
	// The example of https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
	const want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := s.head.Get("X-Hub-Signature-256"); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	// The example of the Standard Webhooks specification and its libraries.
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	err := sign(req, "standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
		[]byte(`{"test": 2432232314}`), time.Unix(1614265330, 0))
	if got := req.Header.Get("Webhook-Signature"); err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s %v", got, err)
	}
	step.Secrets = nil
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "needs the secret hmac") {
		t.Errorf("error %v", err)
	}
}

func TestRequestsThatMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := newService(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h := actionstest.New(t)
	for method, want := range map[string]bool{"GET": true, "PUT": true, "DELETE": true, "POST": false, "PATCH": false} {
		step := actionstest.Step{Uses: "http.request", With: map[string]any{"url": s.URL, "method": method}}
		_, err := h.Run(t, step)
		if _, marked := actions.RetryDelay(err); marked != want {
			t.Errorf("%s: error %v may be repeated: %v", method, err, marked)
		}
		step.With["repeat"] = true
		_, err = h.Run(t, step)
		if _, marked := actions.RetryDelay(err); !marked {
			t.Errorf("%s with repeat: error %v may not be repeated", method, err)
		}
	}
}

func TestSpaceActions(t *testing.T) {
	t.Parallel()
	about := func(uses string, with map[string]any, secrets map[string]string) func(testing.TB, *actionstest.Harness) actionstest.Step {
		return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
			space := hub.RepoRef{Type: hub.Space, Name: actionstest.BotName + "/app"}
			if err := h.Bot.CreateRepo(t.Context(), space, hub.CreateRepoOptions{SpaceSDK: "docker"}); err != nil {
				t.Fatal(err)
			}
			inputs := map[string]any{"space": space.Name}
			for key, value := range with {
				inputs[key] = value
			}
			return actionstest.Step{Uses: uses, With: inputs, Secrets: secrets}
		}
	}
	t.Run("variable", func(t *testing.T) {
		t.Parallel()
		out := actionstest.Check(t, about("space.variable", map[string]any{"name": "SHA", "value": "x"}, nil))
		if out["changed"] != true {
			t.Errorf("outputs %v", out)
		}
	})
	t.Run("secret", func(t *testing.T) {
		t.Parallel()
		secrets := map[string]string{"value": "s3cret"}
		out := actionstest.Check(t, about("space.secret", map[string]any{"name": "KEY"}, secrets))
		if out["changed"] != true {
			t.Errorf("outputs %v", out)
		}
	})
	t.Run("restart", func(t *testing.T) {
		t.Parallel()
		out := actionstest.Check(t, about("space.restart", map[string]any{"factory": true}, nil))
		if out["before"] == "" {
			t.Errorf("outputs %v", out)
		}
	})
	t.Run("variable twice", func(t *testing.T) {
		t.Parallel()
		h := actionstest.New(t)
		step := about("space.variable", map[string]any{"name": "SHA", "value": "x"}, nil)(t, h)
		h.MustRun(t, step)
		if out := h.MustRun(t, step); out["changed"] != false {
			t.Errorf("outputs %v, want nothing changed", out)
		}
		variables, err := h.Bot.SpaceVariables(t.Context(), hub.RepoRef{Type: hub.Space, Name: "hfbot/app"})
		if err != nil || fmt.Sprint(variables) != "map[SHA:x]" {
			t.Errorf("variables %v %v", variables, err)
		}
		step.With = map[string]any{"space": "hfbot/app", "name": "SHA", "delete": true}
		if out := h.MustRun(t, step); out["changed"] != true {
			t.Errorf("outputs %v", out)
		}
	})
	t.Run("no Space", func(t *testing.T) {
		t.Parallel()
		h := actionstest.New(t)
		if _, err := h.Run(t, actionstest.Step{Uses: "space.restart"}); err == nil || !strings.Contains(err.Error(), "give space") {
			t.Errorf("error %v", err)
		}
	})
}

func TestChat(t *testing.T) {
	t.Parallel()
	s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"model":"m","choices":[{"finish_reason":"stop","message":{"content":"Ask @demo. <!-- x -->\u001b[2J"}}],`+
			`"usage":{"prompt_tokens":7,"completion_tokens":3}}`)
	})
	setup := func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		step := aboutDiscussion("llm.chat", map[string]any{
			"model": "m", "system": "Be brief.", "prompt": strings.Repeat("x", 30), "thread": true, "max_chars": int64(20),
			"base_url": s.URL + "/v1", "max_per_user": int64(1),
		})(t, h)
		if _, err := h.Bot.Comment(t.Context(), step.Event.Repo.Ref(), 1, "Earlier.\n\n<!-- marker -->"); err != nil {
			t.Fatal(err)
		}
		step.Secrets = map[string]string{"token": "s3cret"}
		return step
	}
	out := actionstest.Check(t, setup)
	if out["text"] != "Ask @\u2060demo." || out["tokens_in"] != int64(7) || out["skipped"] != "" {
		t.Errorf("outputs %v", out)
	}
	want := []any{
		map[string]any{"role": "system", "content": "Be brief."},
		map[string]any{"role": "user", "content": "The discussion is titled: a question"},
		map[string]any{"role": "user", "content": "demo wrote: a question"},
		map[string]any{"role": "assistant", "content": "Earlier."},
		map[string]any{"role": "user", "content": strings.Repeat("x", 19) + "…"},
	}
	if diff := cmp.Diff(want, s.seen()["messages"]); diff != "" {
		t.Error(diff)
	}
	h := actionstest.New(t)
	step := setup(t, h)
	step.With["user"], step.Key = "u", "1"
	h.MustRun(t, step)
	if out := h.MustRun(t, step); out["skipped"] != "" {
		t.Errorf("a retry counts as a second answer: %v", out)
	}
	step.Key = "2"
	if out := h.MustRun(t, step); out["text"] != "" || out["skipped"] == "" {
		t.Errorf("outputs %v, want the cap to hold", out)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	with := map[string]any{
		"name": "tests|`x", "state": "success", "url": "https://ci.example/1(2)", "seconds": 61.4, "details": "12 [passed](x) @all",
		"sha": strings.Repeat("c", 40),
	}
	actionstest.Check(t, aboutPullRequest("ci.report", with, map[string]string{"a": "b"}))
	h := actionstest.New(t)
	step := aboutPullRequest("ci.report", map[string]any{"name": "build", "state": "running"}, map[string]string{"a": "b"})(t, h)
	step.SHA = strings.Repeat("c", 40)
	h.MustRun(t, step)
	step.Key, step.With = "2", with
	h.MustRun(t, step)
	step.Key, step.With = "3", map[string]any{"name": "build", "state": "failure", "seconds": 3.2}
	h.MustRun(t, step)
	written := comments(t, h, step.Event.Repo.Ref(), 1)
	want := "### Checks\n\n| check | state | log | took | commit |\n|---|---|---|---|---|\n" +
		"| `build` | ❌ failure |  | 3s | `ccccccc` |\n" +
		"| `tests\uFFFD\uFFFDx` | ✅ success, 12 passed x all | [log](https://ci.example/1%282%29) | 1m1s | `ccccccc` |\n\n" +
		"<!-- hfbot:ci key=Checks -->"
	if len(written) != 1 {
		t.Fatalf("%d comments", len(written))
	}
	if diff := cmp.Diff(want, written[0].Content); diff != "" {
		t.Error(diff)
	}
}
