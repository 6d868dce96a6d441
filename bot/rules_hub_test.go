package bot_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// TestRulesOnTheHub keeps the rules in a repository: a push to it puts them in force at once, bad ones leave the last
// good ones in force and every place says so, under the name on the Hub.
func TestRulesOnTheHub(t *testing.T) {
	t.Parallel()
	for name, home := range map[string]hub.RepoRef{
		"dataset": {Type: hub.Dataset, Name: "demo/rules"}, "the Space's own repo": {Type: hub.Space, Name: "demo/bot"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, welcome)
			s.stop()
			options := hub.CreateRepoOptions{}
			if home.Type == hub.Space {
				options.SpaceSDK = "docker"
			}
			s.must(s.user().CreateRepo(s.ctx, home, options))
			push := func(text string) {
				t.Helper()
				_, err := s.user().Commit(s.ctx, home, hub.CommitInput{
					Summary: "Rules", Files: []hub.CommitFile{hub.BytesFile("bot/rules.yaml", []byte(text))},
				})
				s.must(err)
			}
			push(welcome)
			address := hub.FileRef{Repo: home, Revision: "main", Path: "bot/rules.yaml"}.String()
			s.rules = []string{address}
			s.start()
			// What the copies of the rules took of the token's allowance is not there for anything else.
			if got := s.get("/metrics"); !strings.Contains(got, `kind="resolvers"`) {
				t.Errorf("the download of the rules is not in the bot's allowance:\n%s", got)
			}
			_, err := s.hub.Client("hfbot").CreateWebhook(s.ctx, hub.WebhookInput{
				URL: s.bot.URL() + "/webhook", Secret: "s3cret", Domains: []string{"repo"},
				Watched: []hub.Watched{{Type: string(home.Type), Name: home.Name}},
			})
			s.must(err)
			first := func() string { return s.bot.Rules().Rules[0].ID }
			push(strings.Replace(welcome, "id: welcome", "id: hello", 1))
			s.eventually("the new rule is in force", func() bool { return first() == "hello" })
			if file := s.bot.Rules().Rules[0].File; file != address {
				t.Errorf("the rule is said to be of %s, want %s", file, address)
			}

			push(strings.Replace(welcome, "uses:", "usse:", 1))
			s.eventually("the mistake is noticed", func() bool { return s.bot.RuleProblems().HasErrors() })
			if first() != "hello" {
				t.Errorf("bad rules took the place of good ones: %s", first())
			}
			if got := s.get("/rules"); !strings.Contains(got, address) || !strings.Contains(got, "usse") {
				t.Errorf("the dashboard does not say what is wrong in %s:\n%s", address, got)
			}

			_, err = s.user().Commit(s.ctx, home, hub.CommitInput{
				Summary: "No rules", Files: []hub.CommitFile{{Path: "bot/rules.yaml", Delete: true}},
			})
			s.must(err)
			s.eventually("the missing file is noticed", func() bool {
				return slices.ContainsFunc(s.bot.RuleProblems(), func(p rule.Problem) bool {
					return p.File == address && strings.Contains(p.Message, "cannot be read")
				})
			})
			push(welcome)
			s.eventually("the mended rules are in force", func() bool { return first() == "welcome" && s.bot.RuleProblems() == nil })
		})
	}
}

func TestRulesOnTheHubThatAreNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	for _, address := range []string{"hf://datasets/demo/nothing/rules.yaml", "hf://demo/tiny/rules.yaml", "hf://tiny"} {
		b, err := bot.New(s.ctx, bot.Options{
			Endpoint: s.hub.URL(), Token: "hf_hfbot", Rules: []string{address}, Database: "sqlite::memory:",
			Listen: "127.0.0.1:0", WorkDir: s.dir, Log: zaptest.NewLogger(t),
		})
		if !errors.Is(err, bot.ErrRulesUnread) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s gives %v, %v", address, b, err)
		}
	}
}

// TestRulesWithoutCommit asks a Hub that names no commit of the rules' repository: nothing could be fetched.
func TestRulesWithoutCommit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"demo/rules"}`)
	}))
	defer server.Close()
	client, err := hub.New(server.URL, "hf_hfbot")
	if err != nil {
		t.Fatal(err)
	}
	_, err = bot.CopyRules(t.Context(), client, []string{"hf://demo/rules/rules.yaml"}, t.TempDir())
	if !errors.Is(err, bot.ErrRulesUnread) || !strings.Contains(err.Error(), "names no commit") {
		t.Errorf("got %v", err)
	}
}

// TestInterest wants the webhook to hear of pushes to the rules' own repository too.
func TestInterest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	text := strings.Replace(welcome, "on: discussion", "repos: {name: demo/*}\n    on: discussion", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Load([]string{path}, rule.Options{Actions: actions.Default})
	if set == nil {
		t.Fatal(problems.Text())
	}
	set.Files = append(set.Files, "hf://datasets/acme/rules/rules.yaml", "hf://datasets/demo/rules/rules.yaml")
	want := rule.Interest{
		Domains: []string{"discussion", "repo"}, Namespaces: []string{"demo"}, Repos: []rule.Repo{{Type: "dataset", Name: "acme/rules"}},
	}
	if diff := cmp.Diff(want, bot.Interest(set)); diff != "" {
		t.Errorf("interest (-want +got):\n%s", diff)
	}
}
