package bot_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/catchup"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// away is a bot that looks after its webhook and can be stopped and started on the same address and database.
type away struct {
	*stage
	address string
}

const awayRules = `version: 1
rules:
  - {id: talk, on: discussion.create, steps: [{uses: hub.comment, with: {body: Seen, key: seen}}]}
  - {id: word, on: discussion.comment.create, steps: [{uses: hub.comment, with: {body: Heard, key: heard}}]}
  - {id: push, on: repo.content.update, paths: {any: ["*.txt"]}, steps: [{uses: hub.discussion, with: {title: New text, body: x}}]}
`

// newAway sets the stage with a Hub that tries each delivery once.
func newAway(t *testing.T) *away {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	s := &away{stage: &stage{t: t, ctx: ctx, repo: hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}, dir: t.TempDir()}}
	server, err := emulator.New(emulator.Options{Deliveries: emulator.DeliveryPolicy{Retry: []time.Duration{}}})
	s.must(err)
	s.must(server.Start(ctx, "127.0.0.1:0"))
	s.hub = server
	t.Cleanup(func() { s.must(server.Close()) })
	s.must(s.user().CreateRepo(ctx, s.repo, hub.CreateRepoOptions{}))
	s.must(os.WriteFile(filepath.Join(s.dir, "rules.yaml"), []byte(awayRules), 0o600))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	s.must(err)
	s.address = listener.Addr().String()
	s.must(listener.Close())
	return s
}

func (s *away) start() { s.startWith(func(*bot.Bot) {}) }

// startWith starts the bot with what is done once it listens and before it matches.
func (s *away) startWith(before func(*bot.Bot)) {
	s.t.Helper()
	b, err := bot.New(s.ctx, bot.Options{
		Endpoint: s.hub.URL(), Token: "hf_hfbot", Rules: []string{filepath.Join(s.dir, "rules.yaml")},
		Database: "sqlite:" + filepath.Join(s.dir, "bot.db"), Listen: s.address, WorkDir: s.dir,
		WebhookSecrets: []hub.Secret{"s3cret"}, Log: zaptest.NewLogger(s.t),
		Webhook: bot.WebhookOptions{URL: "http://" + s.address + "/webhook", Home: "demo"},
	})
	s.must(err)
	before(b)
	ctx, cancel := context.WithCancel(s.ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	s.bot = b
	s.stop = func() {
		cancel()
		s.must(<-served)
		s.must(b.Close())
	}
}

// succeeded waits until so many runs of each rule have succeeded, and fails if there are more in the end.
func (s *away) succeeded(want map[string]int) {
	s.t.Helper()
	for tick := time.Tick(50 * time.Millisecond); ; {
		runs, err := s.bot.Store().Runs(s.ctx, store.Filter{Limit: 100})
		s.must(err)
		got := map[string]int{}
		for _, r := range runs {
			if r.State == store.Succeeded {
				got[r.Rule]++
			}
		}
		enough := true
		for rule, n := range want {
			enough = enough && got[rule] >= n
			if got[rule] > n {
				s.t.Fatalf("%d runs of %s, want %d", got[rule], rule, n)
			}
		}
		if enough {
			return
		}
		select {
		case <-s.ctx.Done():
			s.t.Fatalf("runs that succeeded: %v, want %v", got, want)
		case <-tick:
		}
	}
}

// watched waits until the Hub has the bot's webhook.
func (s *away) watched() {
	s.t.Helper()
	for tick := time.Tick(50 * time.Millisecond); ; <-tick {
		hooks, err := s.hub.Client("hfbot").Webhooks(s.ctx)
		s.must(err)
		if len(hooks) == 1 {
			return
		}
	}
}

func (s *away) open(title string) int {
	s.t.Helper()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: title, Description: "Hello"})
	s.must(err)
	return d.Num
}

// TestCatchUp stops the bot, lets things happen that the Hub tells nobody again, and wants each worked once after the
// next start, and no more after the one after that.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	s := newAway(t)
	s.start()
	s.watched()
	first := s.open("Before")
	s.succeeded(map[string]int{"talk": 1})
	s.must(s.hub.Idle(s.ctx))
	s.stop()

	s.open("While away")
	_, err := s.user().Comment(s.ctx, s.repo, first, "Still there?")
	s.must(err)
	_, err = s.user().Commit(s.ctx, s.repo, hub.CommitInput{
		Summary: "Add a text", Files: []hub.CommitFile{hub.BytesFile("a.txt", []byte("a"))},
	})
	s.must(err)
	s.must(s.hub.Idle(s.ctx))

	want := map[string]int{"talk": 2, "word": 1, "push": 1}
	s.start()
	s.succeeded(want)
	s.must(s.hub.Idle(s.ctx))
	deliveries, err := s.bot.Store().Deliveries(s.ctx, store.Filter{Limit: 100})
	s.must(err)
	caught := 0
	for _, d := range deliveries {
		if d.Source == store.SourceCatchUp {
			caught++
			whole, err := s.bot.Store().Delivery(s.ctx, d.ID)
			s.must(err)
			s.send(string(whole.Body), "late-"+d.ID) // the Hub's own delivery, after all
		}
	}
	if caught != 3 {
		t.Errorf("%d events caught up, want 3", caught)
	}
	s.stop()
	s.start()
	defer s.stop()
	s.open("Back")
	want["talk"]++
	s.succeeded(want)
}

// TestCatchUpMeetsTheHub stores the Hub's own delivery and the one caught up of many events, in either order, before any
// is matched, and wants each event worked once: neither twice nor, because each takes the other for the one that
// counts, not at all.
func TestCatchUpMeetsTheHub(t *testing.T) {
	t.Parallel()
	const events = 8
	s := newAway(t)
	s.startWith(func(b *bot.Bot) {
		for n := range events {
			body := s.discussion(s.open("While it starts"))
			p, err := hub.ParsePayload([]byte(body))
			s.must(err)
			ids := []string{fmt.Sprintf("hub-%d", n), catchup.KeyOf(p)}
			sources := []store.Source{store.SourceWebhook, store.SourceCatchUp}
			for i := range sources {
				i = (i + n) % len(sources)
				_, _, err := b.Accept(s.ctx, []byte(body), ids[i], sources[i])
				s.must(err)
			}
		}
	})
	defer s.stop()
	s.settle()
	runs := map[int]int{}
	for _, d := range s.deliveries() {
		if d.Scope != "discussion" {
			continue // the bot's own comment
		}
		whole, err := s.bot.Store().Delivery(s.ctx, d.ID)
		s.must(err)
		p, err := hub.ParsePayload(whole.Body)
		s.must(err)
		runs[p.Discussion.Num] += len(whole.Runs)
	}
	if len(runs) != events {
		t.Errorf("deliveries about %d discussions, want %d", len(runs), events)
	}
	for num, n := range runs {
		if n != 1 {
			t.Errorf("%d runs for discussion %d, want 1", n, num)
		}
	}
}
