package dev_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/zap/zaptest"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/cmd/dev"
	"github.com/hfbot/hfbot/hub"
)

func start(t *testing.T, rules string) *dev.Dev {
	t.Helper()
	d, err := dev.Start(t.Context(), dev.Options{
		Rules: []string{rules}, Listen: "127.0.0.1:0", HubListen: "127.0.0.1:0", Log: zaptest.NewLogger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// waitForRun waits until a run of the rule has succeeded.
func waitForRun(t *testing.T, d *dev.Dev, rule string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		runs, err := d.Bot.Store().Runs(ctx, store.Filter{Rule: rule})
		if err != nil {
			t.Fatalf("rule %s did not fire: %v", rule, err)
		}
		for _, run := range runs {
			switch run.State {
			case store.Succeeded:
				return
			case store.RunFailed:
				t.Fatalf("rule %s failed: %s", rule, run.Error)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestEachRecipeFiresItsRule does for every rule what its recipe says.
func TestEachRecipeFiresItsRule(t *testing.T) {
	t.Parallel()
	d := start(t, "testdata/rules.yaml")
	recipes, err := d.Recipes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(recipes) != len(d.Bot.Rules().Rules) {
		t.Fatalf("%d recipes for %d rules", len(recipes), len(d.Bot.Rules().Rules))
	}
	if runs, err := d.Bot.Store().Runs(t.Context(), store.Filter{}); err != nil || len(runs) > 0 {
		t.Fatalf("preparing made rules fire: %v %v", runs, err)
	}
	for _, r := range recipes {
		if r.Note != "" || len(r.Calls) == 0 {
			t.Errorf("%s: no call: %s", r.Rule.ID, r.Note)
		}
		for _, call := range r.Calls {
			if err := d.Do(t.Context(), call); err != nil {
				t.Errorf("%s: %v", r.Rule.ID, err)
			}
		}
		waitForRun(t, d, r.Rule.ID)
	}
	lines, err := dev.NewFeed(d).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"weights matched", "command succeeded"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("the feed does not tell %q: %q", want, lines)
		}
	}
}

// TestRulesAreReloaded saves rules: the feed says that they are in force or what is wrong with them, once, also when
// they are again what they were.
func TestRulesAreReloaded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(id string) {
		t.Helper()
		text := "version: 1\nrules:\n  - id: " + id +
			"\n    on: repo.create\n    steps: [{uses: hub.discussion, with: {title: New, body: text}}]\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	d := start(t, path)
	feed := dev.NewFeed(d)
	told := func(id, want string) {
		t.Helper()
		write(id)
		text := waitForNews(t, feed)
		if !strings.Contains(text, want) || strings.Count(text, "in force") != 1 {
			t.Fatalf("%s: the feed tells %q, want %q once", id, text, want)
		}
		if lines, err := feed.Next(t.Context()); err != nil || len(lines) > 0 {
			t.Fatalf("%s: it tells more: %q %v", id, lines, err)
		}
	}
	told("second", path+": 1 rule in force")
	told("No", path+`:3:9: error: `)
	told("second", path+": 1 rule in force")
	if id := d.Bot.Rules().Rules[0].ID; id != "second" {
		t.Fatalf("the rule in force is %s", id)
	}
	recipes, err := d.Recipes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context(), recipes[0].Calls[0]); err != nil {
		t.Fatal(err)
	}
	waitForRun(t, d, "second")
}

// waitForNews waits until the feed tells something.
func waitForNews(t *testing.T, feed *dev.Feed) string {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		lines, err := feed.Next(t.Context())
		if err != nil || time.Now().After(until) {
			t.Fatalf("the feed tells nothing: %v", err)
		}
		if len(lines) > 0 {
			return strings.Join(lines, "\n")
		}
	}
}

// TestTheFeedSaysHowToEndAWait: the template's run waits ten minutes for quiet, which is long for who tries it.
func TestTheFeedSaysHowToEndAWait(t *testing.T) {
	t.Parallel()
	d := start(t, "../../spaces/templates/retrain/rules.yaml")
	recipes, err := d.Recipes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	feed := dev.NewFeed(d)
	if err := d.Do(t.Context(), recipes[0].Calls[0]); err != nil {
		t.Fatal(err)
	}
	var text string
	for !strings.Contains(text, "retrain waiting") {
		text += waitForNews(t, feed) + "\n"
	}
	runs, err := d.Bot.Store().Runs(t.Context(), store.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	at := " --server " + d.Bot.URL()
	for _, want := range []string{
		", until " + runs[0].WaitUntil.Local().Format(time.TimeOnly),
		"to run it now: hfbot runs cancel " + runs[0].ID + at + " && hfbot runs retry " + runs[0].ID + at,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}

// TestConversionIsSeen does what is said of the rules that convert weights: each leads to a pull request.
func TestConversionIsSeen(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"auto-safetensors", "convert-command"} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			d := start(t, "../../spaces/templates/"+template+"/rules.yaml")
			recipes, err := d.Recipes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Do(t.Context(), recipes[0].Calls[0]); err != nil {
				t.Fatal(err)
			}
			waitForRun(t, d, template)
			made := 0
			filter := hub.DiscussionFilter{Type: "pull_request", Author: dev.BotName}
			for _, err := range d.Hub.Client(dev.UserName).Discussions(t.Context(), recipes[0].Repo, filter) {
				if err != nil {
					t.Fatal(err)
				}
				made++
			}
			if made != 1 {
				t.Errorf("%d pull requests, want 1", made)
			}
		})
	}
}

// TestTestsTellWhatFires takes author and text from the tests beside the rules: the trusted account's pull request is
// merged, and the advertising is hidden.
func TestTestsTellWhatFires(t *testing.T) {
	t.Parallel()
	for template, done := range map[string]func(*hub.Discussion) bool{
		"auto-merge": func(d *hub.Discussion) bool { return d.Author == "librarian-bot" && d.Status == "merged" },
		"moderate": func(d *hub.Discussion) bool {
			return slices.ContainsFunc(d.Events, func(e hub.DiscussionEvent) bool { return e.Hidden })
		},
	} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			d := start(t, "../../spaces/templates/"+template+"/rules.yaml")
			recipes, err := d.Recipes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Do(t.Context(), recipes[0].Calls[0]); err != nil {
				t.Fatal(err)
			}
			waitForRun(t, d, template)
			made, err := d.Hub.Client(dev.UserName).Discussion(t.Context(), recipes[0].Repo, 1)
			if err != nil || !done(made) {
				t.Errorf("it came to %+v, %v", made, err)
			}
		})
	}
}

func TestCurlQuotes(t *testing.T) {
	t.Parallel()
	call := dev.Call{As: "demo", Method: "POST", Path: "/p", Lines: []string{`{"a":"it's\n"}`, `{"b":"{NOW}"}`}}
	want := `curl -sS -X POST -H 'Authorization: Bearer hf_demo' -H 'Content-Type: application/x-ndjson' ` +
		`--data-binary $'{"a":"it\'s\\n"}\n{"b":"'"$(date +%s)"$'"}' 'http://hub/p'`
	if got := call.Curl("http://hub"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestCurlOfHostileRules gives the line to a shell, in which curl prints its arguments: whatever a rule or its tests say,
// it is one command with the words that were meant, and shows nothing that steers a terminal.
func TestCurlOfHostileRules(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"x';id;'", `x\';id;\'`, "$(id)`id`!!", "two\nid\nlines", "\x1b]0;title\a\u009b2J", "\u202egnp.exe", "quoted \"$HOME\"",
	} {
		call := dev.Call{As: text, Method: "POST", Path: "/" + text, Lines: []string{text}}
		line := call.Curl("http://hub")
		for _, r := range line {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("the line %q holds %q as it is", line, r)
			}
		}
		shell := exec.CommandContext(t.Context(), "bash", "-c", `curl() { printf '%s\0' "$@"; }; `+line)
		shell.Env = []string{"LC_ALL=C.UTF-8"}
		out, err := shell.Output()
		want := strings.Join([]string{
			"-sS", "-X", "POST", "-H", "Authorization: Bearer hf_" + text, "-H", "Content-Type: application/json", "--data-binary", text,
			"http://hub/" + text, "",
		}, "\x00")
		if err != nil || string(out) != want {
			t.Errorf("%s\ncame to %q, %v\nwant    %q", line, out, err, want)
		}
	}
}

// TestRefusedExample says of a rule whose test the Hub would refuse that it does, and how the others fire.
func TestRefusedExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules.yaml": `version: 1
rules:
  - {id: refused, on: discussion.comment.create, steps: [{uses: hub.comment, with: {body: hi}}]}
  - {id: fine, on: repo.content, steps: [{uses: hub.comment, with: {body: hi}}]}
`,
		"rules_test.yaml": `tests:
  - name: a title that is too short
    event:
      event: {scope: discussion.comment, action: create}
      repo: {type: model, name: acme-lab/tiny, id: a, private: false, owner: {id: b}}
      discussion: {id: c, num: 1, title: a, status: open, isPullRequest: false, author: {id: d}}
      comment: {id: e, content: hi, hidden: false, author: {id: d}}
    expect: {matched: [refused]}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	recipes, err := start(t, filepath.Join(dir, "rules.yaml")).Recipes(t.Context())
	if err != nil || len(recipes) != 2 {
		t.Fatalf("%+v, %v", recipes, err)
	}
	if r := recipes[0]; len(r.Calls) != 0 || !strings.Contains(r.Note, "3 to 200 characters") {
		t.Errorf("the refused one comes with %+v and %q", r.Calls, r.Note)
	}
	if r := recipes[1]; len(r.Calls) == 0 || r.Note != "" {
		t.Errorf("the other comes with %+v and %q", r.Calls, r.Note)
	}
}
