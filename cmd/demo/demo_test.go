package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/cmd/demo"
)

// TestDemo plays the whole mission twice: the second play must not depend on anything the first one left.
func TestDemo(t *testing.T) {
	t.Parallel()
	for range 2 {
		play(t)
	}
}

func play(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begun := time.Now()
	d, err := demo.Start(ctx, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	sha, num, err := d.Act(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	out, err := d.Check(ctx, sha, num)
	if err != nil {
		t.Error(err)
	}
	// Two pushes (main, the bot's pull request is one ref), two pull requests, two comments: see docs/architecture.md.
	report, err := d.Report(ctx, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Runs) != 3 || report.CI.Calls != 1 || out.Tensors != 2 {
		t.Errorf("%d runs, %d CI calls, %d tensors; want 3, 1, 2", len(report.Runs), report.CI.Calls, out.Tensors)
	}
	checkText(t, report, begun)
	checkJSON(t, report)
}

func checkText(t *testing.T, report *demo.Report, begun time.Time) {
	t.Helper()
	var text bytes.Buffer
	if err := report.WriteText(&text, begun); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"demo pushes demo/tiny-model by git", "matched auto-convert, matched trigger-ci", "matched welcome",
		"skipped, the bot's own act", "run      auto-convert succeeded", "CI calls      1",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the timeline does not say %q:\n%s", want, text.String())
		}
	}
}

func checkJSON(t *testing.T, report *demo.Report) {
	t.Helper()
	var text bytes.Buffer
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		OK          bool
		Deliveries  int
		Runs        []struct{ ID, Rule, State string }
		PullRequest struct {
			Num int
			URL string
		} `json:"pull_request"`
		Comment struct{ URL string }
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !got.OK || got.Deliveries < 6 || got.PullRequest.Num == 0 ||
		!strings.HasPrefix(got.Comment.URL, got.PullRequest.URL+"#") {
		t.Errorf("got %+v", got)
	}
	for _, r := range got.Runs {
		if r.State != "succeeded" || r.ID == "" {
			t.Errorf("run %+v", r)
		}
	}
}
