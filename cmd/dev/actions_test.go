package dev_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/cmd/dev"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// outside is GitHub, GitLab, Slack, Discord, a language model and whatever else the rules call.
type outside struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // those that are no GET
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Method != http.MethodGet {
			o.mu.Lock()
			o.calls = append(o.calls, r.URL.Path+" "+string(body))
			o.mu.Unlock()
		}
		switch path := r.URL.Path; {
		case path == "/file":
			_, _ = io.WriteString(w, strings.Repeat("\x00weights", 1000))
		case strings.HasSuffix(path, "/dispatches"):
			_, _ = io.WriteString(w, `{"workflow_run_id":1,"html_url":"https://github.example/1"}`)
		case strings.HasPrefix(path, "/gh/"):
			_, _ = io.WriteString(w, `{"id":1,"status":"completed","conclusion":"success","html_url":"https://github.example/1",`+
				`"run_started_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:01:30Z"}`)
		case strings.HasPrefix(path, "/gl/"):
			_, _ = io.WriteString(w, `{"id":7,"status":"failed","web_url":"https://gitlab.example/7","duration":12}`)
		case strings.HasSuffix(path, "/chat/completions"):
			_, _ = io.WriteString(w, `{"model":"m","choices":[{"message":{"content":"Ask @demo."}}]}`)
		}
	}))
	t.Cleanup(o.Close)
	return o
}

// stage is dev with the rules of all actions.
type stage struct {
	*dev.Dev
	t    *testing.T
	user *hub.Client
	out  *outside
}

func newStage(t *testing.T, dry bool) *stage {
	t.Helper()
	s := &stage{t: t, out: newOutside(t)}
	t.Setenv("TEST_SECRET", "s3cret-of-the-test")
	t.Setenv("TEST_HOOK", s.out.URL+"/hooks/s3cret-address")
	text, err := os.ReadFile("testdata/actions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(strings.ReplaceAll(string(text), "SERVICE", s.out.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Dev, err = dev.Start(t.Context(), dev.Options{
		Rules: []string{rules}, Listen: "127.0.0.1:0", HubListen: "127.0.0.1:0", Log: zaptest.NewLogger(t), DryRun: dry,
		RunJob: func(_ context.Context, process emulator.JobProcess, say func(string)) error {
			say(fmt.Sprintf(`{"result": "key given: %v"}`, slices.Contains(process.Env, "API_KEY=s3cret-of-the-test")))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.user = s.Hub.Client(dev.UserName)
	return s
}

// repo makes a repository with files.
func (s *stage) repo(ref hub.RepoRef, files map[string]string) {
	s.t.Helper()
	opts := hub.CreateRepoOptions{}
	if ref.Type == hub.Space {
		opts.SpaceSDK = "docker"
	}
	if err := s.user.CreateRepo(s.t.Context(), ref, opts); err != nil {
		s.t.Fatal(err)
	}
	s.commit(ref, false, files)
}

// commit writes files to main, or proposes them.
func (s *stage) commit(ref hub.RepoRef, propose bool, files map[string]string) int {
	s.t.Helper()
	in := hub.CommitInput{Summary: "Change", CreatePR: propose}
	for path, content := range files {
		in.Files = append(in.Files, hub.BytesFile(path, []byte(content)))
	}
	result, err := s.user.Commit(s.t.Context(), ref, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return result.PullRequestNum
}

// say comments and waits for the rule that listens.
func (s *stage) say(ref hub.RepoRef, num int, text, rule string) {
	s.t.Helper()
	if _, err := s.user.Comment(s.t.Context(), ref, num, text); err != nil {
		s.t.Fatal(err)
	}
	waitForRun(s.t, s.Dev, rule)
}

// thread is a discussion in one text.
func (s *stage) thread(ref hub.RepoRef, num int) string {
	s.t.Helper()
	d, err := s.user.Discussion(s.t.Context(), ref, num)
	if err != nil {
		s.t.Fatal(err)
	}
	text := d.Status + " " + d.Title
	for _, e := range d.Events {
		text += fmt.Sprintf("\n%s %s hidden=%v %s", e.Type, e.Author, e.Hidden, e.Content)
	}
	return text
}

// has checks that a text holds others.
func has(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s has no %q:\n%s", what, want, text)
		}
	}
}

var (
	tiny    = hub.RepoRef{Type: hub.Model, Name: "acme/tiny"}
	weights = hub.RepoRef{Type: hub.Model, Name: "acme/weights"}
	app     = hub.RepoRef{Type: hub.Space, Name: "acme/app"}
)

// hostile is a title that would do harm where it were more than text.
const hostile = "${{ secrets.TEST_SECRET }} ${{ 1 + 1 }} <b>"

// events makes everything happen, and waits for the rules. It returns the numbers of a discussion and of pull requests.
func (s *stage) events() (question, change, spaceChange int) {
	pickle, err := os.ReadFile("../demo/pytorch_model.bin")
	if err != nil {
		s.t.Fatal(err)
	}
	s.repo(app, map[string]string{"README.md": "---\nsdk: docker\n---\n", "index.html": "old"})
	s.repo(tiny, map[string]string{"README.md": "# Tiny\n"})
	s.commit(tiny, false, map[string]string{"a.txt": "hello\n"})
	waitForRun(s.t, s.Dev, "pushed")
	s.repo(weights, map[string]string{"pytorch_model.bin": string(pickle)})
	waitForRun(s.t, s.Dev, "converted")
	opened, err := s.user.CreateDiscussion(s.t.Context(), tiny, hub.CreateDiscussionInput{Title: hostile, Description: "What is this?"})
	if err != nil {
		s.t.Fatal(err)
	}
	waitForRun(s.t, s.Dev, "commented")
	change = s.commit(tiny, true, map[string]string{"notes.md": "of the pull request"})
	waitForRun(s.t, s.Dev, "checked")
	spaceChange = s.commit(app, true, map[string]string{"index.html": "new"})
	waitForRun(s.t, s.Dev, "shown")
	s.say(tiny, opened.Num, "/rename", "renamed")
	s.say(tiny, opened.Num, "buy spam", "hidden")
	s.say(tiny, opened.Num, "@bot hello", "answered")
	s.say(tiny, change, "deploy", "deployed")
	s.say(tiny, change, "/merge", "merged")
	s.say(tiny, opened.Num, "/close", "closed")
	return opened.Num, change, spaceChange
}

// TestEveryActionHasItsEffect runs every shipped action through the bot and looks at what it did.
func TestEveryActionHasItsEffect(t *testing.T) {
	s := newStage(t, false)
	used := map[string]bool{}
	for _, r := range s.Bot.Rules().Rules {
		for _, step := range r.Steps {
			used[step.Uses] = true
		}
	}
	for _, a := range actions.Default.All() {
		if !used[a.Spec.ID] {
			t.Errorf("no rule uses %s", a.Spec.ID)
		}
	}
	question, change, spaceChange := s.events()
	has(t, "the discussion", s.thread(tiny, question), "closed Was "+hostile, "Thanks for "+hostile, "hidden=true",
		"> @\u2060bot hello", "Ask @\u2060demo.", "Closed as asked.")
	if strings.Contains(s.thread(tiny, question), "Thank you") {
		t.Error("the keyed comment is there twice")
	}
	has(t, "the pull request", s.thread(tiny, change), "merged Change", "| `gh` | ✅ success | [log](https://github.example/1) | 1m30s |",
		"| `gl` | ❌ failed | [log](https://gitlab.example/7) | 12s |", "| `exec` | ✅ success, of the pull request |",
		"| `job` | ✅ COMPLETED, key given: true | [log]("+s.Hub.URL()+"/jobs/hfbot/")
	s.checkRepos(spaceChange)
	s.checkOutside()
}

// checkRepos looks at refs, files and settings.
func (s *stage) checkRepos(spaceChange int) {
	t := s.t
	info, err := s.user.RepoInfo(t.Context(), tiny, "")
	if err != nil || !info.Private {
		t.Errorf("the repository is %+v, %v; want a private one", info, err)
	}
	refs, err := s.user.Refs(t.Context(), tiny)
	if err != nil || len(refs.Tags) != 1 || refs.Tags[0].Name != "v1" || len(refs.Branches) != 2 || len(refs.PullRequests) != 2 {
		t.Errorf("refs %+v, %v", refs, err)
	}
	var paths []string
	for entry, err := range s.user.Tree(t.Context(), tiny, "") {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, entry.Path)
	}
	has(t, "main", strings.Join(paths, " "), "LOG.md", "big.bin", "notes.md")
	var threads []string
	for d, err := range s.user.Discussions(t.Context(), tiny, hub.DiscussionFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		threads = append(threads, s.thread(tiny, d.Num))
	}
	has(t, "the community tab", strings.Join(threads, "\n\n"), "open Text changed", "open Add a license", "`a.txt` should not be here",
		"Still of interest?")
	has(t, "the conversion", s.thread(weights, 1), "open Adding `safetensors` variant", "| `pytorch_model.bin` | ok |")
	preview := hub.RepoRef{Type: hub.Space, Name: fmt.Sprintf("hfbot/acme-app-pr-%d", spaceChange)}
	if _, err := s.Hub.Client(dev.BotName).RepoInfo(t.Context(), preview, ""); err != nil {
		t.Errorf("no preview: %v", err)
	}
	variables, err := s.user.SpaceVariables(t.Context(), app)
	if err != nil || len(variables["SHA"]) != 40 {
		t.Errorf("variables %v, %v", variables, err)
	}
	secrets, err := s.user.SpaceSecrets(t.Context(), app)
	if _, there := secrets["KEY"]; err != nil || !there {
		t.Errorf("secrets %v, %v", secrets, err)
	}
}

// checkOutside looks at what others were told, and that nothing that is kept shows a secret.
func (s *stage) checkOutside() {
	t := s.t
	s.out.mu.Lock()
	has(t, "the outside", strings.Join(s.out.calls, "\n"), "/gh/repos/acme/t/actions/workflows/t.yml/dispatches {", "/gl/projects/acme/t/pipeline {",
		`/hook {"a":1}`, `lt;!channel`, `"allowed_mentions":{"parse":[]}`, `/v1/chat/completions {`)
	s.out.mu.Unlock()
	runs, err := s.Bot.Store().Runs(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		whole, err := s.Bot.Store().Run(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprintf("%+v", whole.Steps); strings.Contains(text, "s3cret") {
			t.Errorf("a run of %s shows a secret: %s", run.Rule, text)
		}
	}
}

// TestDryRunOfEveryAction makes the same happen: every rule succeeds, and nothing has changed anywhere.
func TestDryRunOfEveryAction(t *testing.T) {
	s := newStage(t, true)
	question, change, _ := s.events()
	for _, num := range []int{question, change} {
		if text := s.thread(tiny, num); !strings.HasPrefix(text, "open ") || strings.Contains(text, dev.BotName) {
			t.Errorf("the bot was here:\n%s", text)
		}
	}
	for _, repo := range []hub.RepoRef{tiny, weights, app} {
		info, err := s.user.RepoInfo(t.Context(), repo, "")
		if err != nil || info.Private {
			t.Errorf("%s is %+v, %v", repo, info, err)
		}
		refs, err := s.user.Refs(t.Context(), repo)
		if err != nil || len(refs.Tags) > 0 || len(refs.Branches) != 1 {
			t.Errorf("%s has refs %+v, %v", repo, refs, err)
		}
		for d, err := range s.user.Discussions(t.Context(), repo, hub.DiscussionFilter{}) {
			if err != nil || d.Author == dev.BotName {
				t.Errorf("%s has %+v, %v", repo, d, err)
			}
		}
		for commit, err := range s.user.Commits(t.Context(), repo, "") {
			if err != nil || slices.Contains(commit.Authors, dev.BotName) {
				t.Errorf("%s has %+v, %v", repo, commit, err)
			}
		}
	}
	variables, err := s.user.SpaceVariables(t.Context(), app)
	if secrets, err2 := s.user.SpaceSecrets(t.Context(), app); err != nil || err2 != nil || len(variables)+len(secrets) > 0 {
		t.Errorf("variables %v, secrets %v, %v, %v", variables, secrets, err, err2)
	}
	for job, err := range s.Hub.Client(dev.BotName).Jobs(t.Context(), dev.BotName, hub.JobFilter{}) {
		t.Errorf("a Job was started: %+v, %v", job, err)
	}
	if len(s.out.calls) > 0 {
		t.Errorf("others were called: %q", s.out.calls)
	}
}
