package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// stage is a local Hub with a model, and a bot that watches it.
type stage struct {
	t    *testing.T
	ctx  context.Context
	hub  *emulator.Server
	repo hub.RepoRef
	dir  string
	bot  *bot.Bot
	stop func()

	change func(*bot.Options) // of the next start; may be nil
	// rules are elsewhere than in dir; nil: rules.yaml there
	rules []string
}

// newStage starts a Hub and a bot with the given rules. The bot's webhook watches demo/tiny.
func newStage(t *testing.T, rules string) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &stage{t: t, ctx: ctx, repo: hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}, dir: t.TempDir()}
	server, err := emulator.New(emulator.Options{Users: []emulator.User{
		{Name: "demo", Token: "hf_demo"}, {Name: "hfbot", Token: "hf_hfbot"}, {Name: "eve", Token: "hf_eve"},
	}})
	s.must(err)
	s.must(server.Start(ctx, "127.0.0.1:0"))
	s.hub = server
	t.Cleanup(func() { s.must(server.Close()) })
	s.must(s.user().CreateRepo(ctx, s.repo, hub.CreateRepoOptions{}))
	s.must(os.WriteFile(filepath.Join(s.dir, "rules.yaml"), []byte(rules), 0o600))
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) user() *hub.Client { return s.hub.Client("demo") }

// start starts the bot, on the database of the one before, and points the webhook at it.
func (s *stage) start() {
	s.t.Helper()
	rules := s.rules
	if rules == nil {
		rules = []string{filepath.Join(s.dir, "rules.yaml")}
	}
	opts := bot.Options{
		Endpoint: s.hub.URL(), Token: "hf_hfbot", Rules: rules,
		Database: "sqlite:" + filepath.Join(s.dir, "bot.db"), Listen: "127.0.0.1:0", WorkDir: s.dir,
		WebhookSecrets: []hub.Secret{"s3cret"}, Log: zaptest.NewLogger(s.t),
	}
	if s.change != nil {
		s.change(&opts)
	}
	b, err := bot.New(s.ctx, opts)
	s.must(err)
	ctx, cancel := context.WithCancel(s.ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	s.bot = b
	s.stop = func() {
		cancel()
		s.must(<-served)
		s.must(b.Close())
		s.stop = func() {}
	}
}

// watch adds the bot's webhook.
func (s *stage) watch() {
	s.t.Helper()
	_, err := s.hub.Client("hfbot").CreateWebhook(s.ctx, hub.WebhookInput{
		URL: s.bot.URL() + "/webhook", Secret: "s3cret", Domains: []string{"repo", "discussion"},
		Watched: []hub.Watched{{Type: "model", Name: s.repo.Name}},
	})
	s.must(err)
}

// send posts a payload as the Hub does and returns the delivery's id.
func (s *stage) send(body, id string) (delivery string, duplicate bool) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.bot.URL()+"/webhook", strings.NewReader(body))
	s.must(err)
	req.Header.Set("X-Webhook-Secret", "s3cret")
	if id != "" {
		req.Header.Set("Webhook-Id", id)
	}
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	s.must(err)
	if res.StatusCode != http.StatusAccepted {
		s.t.Fatalf("status %d: %s", res.StatusCode, text)
	}
	var answer struct {
		Delivery  string
		Duplicate bool
	}
	s.must(json.NewDecoder(bytes.NewReader(text)).Decode(&answer))
	return answer.Delivery, answer.Duplicate
}

// settle waits until nothing is under way: no delivery on the Hub, none unmatched, no run unfinished.
func (s *stage) settle() {
	s.t.Helper()
	for tick := time.Tick(10 * time.Millisecond); ; {
		s.must(s.hub.Idle(s.ctx))
		if !s.busy() && !s.busyHub() {
			return
		}
		select {
		case <-s.ctx.Done():
			s.t.Fatal("the bot does not come to rest")
		case <-tick:
		}
	}
}

func (s *stage) busyHub() bool {
	s.t.Helper()
	s.must(s.hub.Idle(s.ctx))
	return s.busy()
}

func (s *stage) busy() bool {
	s.t.Helper()
	for _, d := range s.deliveries() {
		if d.State == store.Received {
			return true
		}
	}
	runs, err := s.bot.Store().Runs(s.ctx, store.Filter{Limit: 100})
	s.must(err)
	for _, r := range runs {
		if !r.State.Final() {
			return true
		}
	}
	return false
}

func (s *stage) deliveries() []store.Delivery {
	s.t.Helper()
	list, err := s.bot.Store().Deliveries(s.ctx, store.Filter{Limit: 100})
	s.must(err)
	return list
}

// comments are the bot's comments on a discussion.
func (s *stage) comments(num int) []string {
	s.t.Helper()
	d, err := s.user().Discussion(s.ctx, s.repo, num)
	s.must(err)
	texts := []string{}
	for _, e := range d.Events {
		if e.Type == "comment" && e.Author == "hfbot" {
			texts = append(texts, strings.TrimSpace(strings.Split(e.Content, "<!--")[0]))
		}
	}
	return texts
}

const welcome = `version: 1
rules:
  - id: welcome
    on: discussion.create
    steps:
      - {uses: hub.comment, with: {body: "Hello!"}}
`

func TestWelcomeOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	s.watch()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	s.settle()
	if diff := cmp.Diff([]string{"Hello!"}, s.comments(d.Num)); diff != "" {
		t.Error(diff)
	}
}

// TestEcho has a rule that answers every comment: the bot must not answer itself.
func TestEcho(t *testing.T) {
	t.Parallel()
	s := newStage(t, `version: 1
rules:
  - id: echo
    on: discussion.comment.create
    steps:
      - {uses: hub.comment, with: {body: "You said: ${{ comment.content }}"}}
`)
	s.watch()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	_, err = s.user().Comment(s.ctx, s.repo, d.Num, "ping")
	s.must(err)
	s.settle()
	if diff := cmp.Diff([]string{"You said: ping"}, s.comments(d.Num)); diff != "" {
		t.Error(diff)
	}
	skipped := 0
	for _, delivery := range s.deliveries() {
		if delivery.Verdicts["echo"] == "skipped" {
			skipped++
		}
	}
	if skipped != 1 {
		t.Errorf("%d deliveries skipped as the bot's own act, want 1", skipped)
	}
}

// TestOwnCommit has a rule that opens a pull request for every push, also to refs/pr/*: its own must not count.
func TestOwnCommit(t *testing.T) {
	t.Parallel()
	s := newStage(t, `version: 1
rules:
  - id: convert-all
    on: repo.content.update
    refs: ["refs/heads/*", "refs/pr/*"]
    steps:
      - {uses: model.convert, with: {to: safetensors}}
`)
	s.watch()
	weights, err := os.ReadFile(filepath.Join("..", "cmd", "demo", "pytorch_model.bin"))
	s.must(err)
	_, err = emulator.Push(s.ctx, emulator.PushInput{
		Remote: s.user().RepoURL(s.repo), User: "demo", Token: "hf_demo", Message: "weights",
		Files: map[string][]byte{"pytorch_model.bin": weights},
	})
	s.must(err)
	s.settle()
	count := 0
	for _, err := range s.user().Discussions(s.ctx, s.repo, hub.DiscussionFilter{Type: "pull_request"}) {
		s.must(err)
		count++
	}
	if count != 1 {
		t.Errorf("%d pull requests, want 1", count)
	}
}

// discussion is a payload that the rule "welcome" matches, about a discussion that must exist.
func (s *stage) discussion(num int) string {
	return fmt.Sprintf(`{"event":{"action":"create","scope":"discussion"},
		"repo":{"type":"model","name":"demo/tiny","id":"66079b8b2e56b3db420f616b","owner":{"id":"66079b8b2e56b3db420f616c"}},
		"discussion":{"id":"66c401983a91c747a1a568f1","title":"t","status":"open","num":%d,
		"author":{"id":"6614ea0d1340d11d7972ca25"}},"webhook":{"id":"66eb842dd6135a49c078a6cc","version":3}}`, num)
}

func TestSameDeliveryTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	first, duplicate := s.send(s.discussion(d.Num), "wh-1")
	if duplicate {
		t.Error("the first delivery is called a duplicate")
	}
	second, duplicate := s.send(s.discussion(d.Num), "wh-1")
	if !duplicate || second != first {
		t.Errorf("again: id %s, duplicate %v; want %s, true", second, duplicate, first)
	}
	s.settle()
	third, duplicate := s.send(s.discussion(d.Num), "wh-1")
	if !duplicate || third != first {
		t.Errorf("after it was worked: id %s, duplicate %v; want %s, true", third, duplicate, first)
	}
	s.settle()
	if diff := cmp.Diff([]string{"Hello!"}, s.comments(d.Num)); diff != "" {
		t.Error(diff)
	}
	kept, err := s.bot.Store().Delivery(s.ctx, first)
	s.must(err)
	if kept.Duplicates != 2 || string(kept.Body) != s.discussion(d.Num) {
		t.Errorf("%d duplicates, body %q", kept.Duplicates, kept.Body)
	}
}

// TestDuplicateRetriesWhatFailed is the Hub's Replay button after the cause of a failure is gone.
func TestDuplicateRetriesWhatFailed(t *testing.T) {
	t.Parallel()
	s := newStage(t, strings.Replace(welcome, "on: discussion.create", "on: discussion.create\n    once_per: [discussion.id]", 1))
	id, _ := s.send(s.discussion(1), "wh-1") // there is no discussion 1 yet
	s.settle()
	runs, err := s.bot.Store().Runs(s.ctx, store.Filter{Delivery: id, Limit: 10})
	s.must(err)
	if len(runs) != 1 || runs[0].State != store.RunFailed || runs[0].Error == "" {
		t.Fatalf("runs %+v, want one that failed and says why", runs)
	}
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	s.send(s.discussion(d.Num), "wh-1")
	s.settle()
	if diff := cmp.Diff([]string{"Hello!"}, s.comments(d.Num)); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownPayloads(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	for name, tc := range map[string]struct {
		body  string
		state store.DeliveryState
	}{
		"a list":            {`[1, 2]`, store.Failed},
		"no event":          {`{"repo": {}}`, store.Failed},
		"old shape":         {`{"event": "update", "repo": {"type": "dataset"}}`, store.Failed},
		"an unknown scope":  {`{"event": {"scope": "weather", "action": "rain"}}`, store.Matched},
		"hostile repo name": {`{"event": {"scope": "repo", "action": "create"}, "repo": {"name": "../../etc/passwd"}}`, store.Matched},
	} {
		id, _ := s.send(tc.body, name)
		s.settle()
		d, err := s.bot.Store().Delivery(s.ctx, id)
		s.must(err)
		if d.State != tc.state || (tc.state == store.Failed) != (d.Error != "") {
			t.Errorf("%s: state %s, error %q; want %s", name, d.State, d.Error, tc.state)
		}
	}
}

// TestRestart stops the bot and starts it again: deliveries that came in between are retried by the Hub, and what was
// done is known.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	first, _ := s.send(s.discussion(d.Num), "wh-1")
	s.settle()
	s.stop()
	s.start()
	again, duplicate := s.send(s.discussion(d.Num), "wh-1")
	if !duplicate || again != first {
		t.Errorf("id %s, duplicate %v; want %s, true", again, duplicate, first)
	}
	s.settle()
	if diff := cmp.Diff([]string{"Hello!"}, s.comments(d.Num)); diff != "" {
		t.Error(diff)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	for path, want := range map[string]string{
		"/healthz": "ok\n",
		"/readyz":  `{"database":"ok","hub":"ok","rules":"ok"}` + "\n",
	} {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.bot.URL()+path, http.NoBody)
		s.must(err)
		res, err := http.DefaultClient.Do(req)
		s.must(err)
		text, err := io.ReadAll(res.Body)
		s.must(err)
		s.must(res.Body.Close())
		if res.StatusCode != http.StatusOK || string(text) != want {
			t.Errorf("%s: %d %q, want %q", path, res.StatusCode, text, want)
		}
	}
}

// TestWebhookAddress: it takes POST only, with and without a slash at its end.
func TestWebhookAddress(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	ask := func(method, path string) *http.Response {
		req, err := http.NewRequestWithContext(s.ctx, method, s.bot.URL()+path, http.NoBody)
		s.must(err)
		res, err := http.DefaultClient.Do(req)
		s.must(err)
		s.must(res.Body.Close())
		return res
	}
	for _, path := range []string{"/webhook", "/webhook/"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
			if res := ask(method, path); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != http.MethodPost {
				t.Errorf("%s %s: %d, Allow %q; want 405 and POST", method, path, res.StatusCode, res.Header.Get("Allow"))
			}
		}
		if res := ask(http.MethodPost, path); res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("POST %s without a secret: %d %v; want 401 of the receiver", path, res.StatusCode, res.Header)
		}
	}
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte("version: 1\nrules:\n  - {id: a, on: repo, stepz: []}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(t.Context(), bot.Options{Rules: []string{path}, Database: "sqlite:" + path + ".db", Listen: "127.0.0.1:0"})
	if err == nil {
		_ = b.Close()
		t.Fatal("a bot with bad rules was made")
	}
	if !strings.Contains(err.Error(), path+":3:") || !strings.Contains(err.Error(), "stepz") {
		t.Errorf("the error does not name the place and the mistake: %v", err)
	}
}
