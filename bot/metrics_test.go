package bot_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// What happened shows in the numbers.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newStage(t, `version: 1
rules:
  - id: welcome
    on: discussion.create
    steps: [{uses: hub.comment, with: {body: Welcome}}]
`)
	s.watch()
	_, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "Hello", Description: "Hi"})
	s.must(err)
	s.settle()
	res, err := http.Get(s.bot.URL() + "/metrics")
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	s.must(err)
	for _, want := range []string{
		"hfbot_deliveries_total{result=\"accepted\"}",
		`hfbot_verdicts_total{rule="welcome",verdict="matched"} 1`,
		`hfbot_runs_total{rule="welcome",state="succeeded"} 1`,
		`hfbot_step_seconds_count{action="hub.comment",state="succeeded"} 1`,
		"hfbot_start_seconds_count 1",
		"hfbot_ingest_batch_size_count ",
		`hfbot_hub_call_seconds_count{method="POST",status="201"}`,
		`hfbot_runs{state="queued"} 0`,
		"hfbot_queue_age_seconds 0",
		"hfbot_database_up 1",
		"hfbot_rules_problems 0",
	} {
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
	if strings.Contains(string(text), "s3cret") || strings.Contains(string(text), "hf_hfbot") {
		t.Error("/metrics shows a secret")
	}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.bot.URL()+"/metrics", http.NoBody)
	s.must(err)
	req.Host = "bot.example.org" // as a page that was made to look at this computer would
	stranger, err := http.DefaultClient.Do(req)
	s.must(err)
	_ = stranger.Body.Close()
	if stranger.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %d, want 401", stranger.StatusCode)
	}
}
