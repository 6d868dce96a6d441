package bot_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// call asks the bot's API and returns status and body.
func (s *stage) call(method, path string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.bot.URL()+path, http.NoBody)
	s.must(err)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	text, err := io.ReadAll(res.Body)
	s.must(err)
	s.must(res.Body.Close())
	return res.StatusCode, string(text)
}

// TestBreaker has a rule run too often on a repository: it stops there, says so, and runs again once a person reset it.
func TestBreaker(t *testing.T) {
	t.Parallel()
	s := newStage(t, strings.Replace(welcome, "on: discussion.create", "on: discussion.create\n    breaker: {max: 2, per: 24h}", 1))
	// ask opens a discussion, tells the bot and returns the delivery.
	ask := func(want ...string) string {
		t.Helper()
		d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
		s.must(err)
		id, _ := s.send(s.discussion(d.Num), fmt.Sprint("wh-", d.Num))
		s.settle()
		if diff := cmp.Diff(append([]string{}, want...), s.comments(d.Num)); diff != "" {
			t.Error(diff)
		}
		return id
	}
	ask("Hello!")
	ask("Hello!")
	if _, text := s.call(http.MethodGet, "/api/v1/breakers"); strings.TrimSpace(text) != `{"breakers":[]}` {
		t.Errorf("open before the limit is reached: %s", text)
	}
	newest, err := s.bot.Store().Delivery(s.ctx, ask())
	s.must(err)
	if newest.Verdicts["welcome"] != "skipped" || !strings.Contains(string(newest.Explanation), `"reason":"breaker"`) ||
		!strings.Contains(string(newest.Explanation), "hfbot breakers reset welcome demo/tiny") {
		t.Errorf("verdicts %v, explanation %s", newest.Verdicts, newest.Explanation)
	}
	_, text := s.call(http.MethodGet, "/api/v1/breakers?rule=welcome")
	for _, want := range []string{`"rule":"welcome"`, `"repo":"demo/tiny"`, `"runs":2`, `"until":"2`} {
		if !strings.Contains(text, want) {
			t.Errorf("the list lacks %s: %s", want, text)
		}
	}
	if _, text := s.call(http.MethodGet, "/metrics"); !strings.Contains(text, `hfbot_breakers_open{rule="welcome"} 1`) {
		t.Error("the metric does not tell of the breaker")
	}
	s.stop()
	s.start() // it stays open
	ask()
	reset := "/api/v1/rules/welcome/reset?repo=" + url.QueryEscape("demo/tiny")
	if status, text := s.call(http.MethodPost, reset); status != http.StatusOK {
		t.Errorf("reset: %d %s", status, text)
	}
	if status, text := s.call(http.MethodPost, reset); status != http.StatusConflict || !strings.Contains(text, "is not open") {
		t.Errorf("reset twice: %d %s", status, text)
	}
	ask("Hello!")
}
