package builtin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// aboutDiscussion gives a step about a discussion of a repository that the bot may write to.
func aboutDiscussion(uses string, with map[string]any) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		repo := h.BotRepo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
		return actionstest.Step{Uses: uses, With: with, Event: h.OpenDiscussion(t, repo, "a question")}
	}
}

// aboutPullRequest gives a step about a pull request that adds files.
func aboutPullRequest(
	uses string, with map[string]any, files map[string]string,
) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		repo := h.BotRepo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
		return actionstest.Step{Uses: uses, With: with, Event: h.OpenPullRequest(t, repo, "a change", files)}
	}
}

func TestCommunityActions(t *testing.T) {
	t.Parallel()
	comment := func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		step := aboutDiscussion("hub.hide_comment", nil)(t, h)
		step.Event = h.Comment(t, step.Event, "buy followers")
		return step
	}
	mergeReadme := aboutPullRequest("hub.merge", map[string]any{"only_paths": []any{"README.md"}, "authors": []any{"demo"}},
		map[string]string{"README.md": "# A better model\n"})
	tests := map[string]struct {
		setup func(testing.TB, *actionstest.Harness) actionstest.Step
		want  map[string]any // of the outputs
	}{
		"comment": {aboutDiscussion("hub.comment", map[string]any{"body": "Hello."}), map[string]any{"created": true}},
		"keyed comment": {
			aboutDiscussion("hub.comment", map[string]any{"body": "Hello.", "key": "k"}), map[string]any{"created": true},
		},
		"discussion": {
			aboutDiscussion("hub.discussion", map[string]any{"title": "A review", "body": "Fine.", "key": "review"}),
			map[string]any{"discussion": int64(2), "created": true, "status": "open"},
		},
		"close": {
			aboutDiscussion("hub.close", map[string]any{"comment": "Done."}),
			map[string]any{"changed": true, "status": "closed"},
		},
		"rename": {
			aboutDiscussion("hub.rename", map[string]any{"title": "An\nanswered  question"}),
			map[string]any{"changed": true, "title": "An answered question", "before": "a question"},
		},
		"hide comment": {comment, map[string]any{"changed": true, "author": "demo"}},
		"merge":        {mergeReadme, map[string]any{"merged": true, "changed": true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := actionstest.Check(t, test.setup)
			for key, want := range test.want {
				if diff := cmp.Diff(want, out[key]); diff != "" {
					t.Errorf("output %s: %s", key, diff)
				}
			}
		})
	}
}

// thread reads a discussion as the user.
func readThread(t *testing.T, h *actionstest.Harness, repo hub.RepoRef, num int) *hub.Discussion {
	t.Helper()
	d, err := h.User.Discussion(t.Context(), repo, num)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDiscussionLivesOn(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutDiscussion("hub.discussion", map[string]any{"title": "A review", "body": "first", "key": "r"})(t, h)
	repo := step.Event.Repo.Ref()
	first := h.MustRun(t, step)
	step.Key = "another run"
	step.With = map[string]any{"title": "A review", "body": "second", "key": "r"}
	if again := h.MustRun(t, step); again["discussion"] != first["discussion"] || again["created"] != false {
		t.Errorf("outputs %v, want the discussion of before", again)
	}
	if text := readThread(t, h, repo, 2).Events[0].Content; !strings.HasPrefix(text, "second\n\n<!-- hfbot:discussion") {
		t.Errorf("text %q", text)
	}
	if err := h.Bot.SetDiscussionStatus(t.Context(), repo, 2, "closed", ""); err != nil {
		t.Fatal(err)
	}
	step.With = map[string]any{"title": "A review", "body": "third", "key": "r"}
	if out := h.MustRun(t, step); out["status"] != "closed" {
		t.Errorf("outputs %v, want the closed discussion left alone", out)
	}
	if text := readThread(t, h, repo, 2).Events[0].Content; !strings.HasPrefix(text, "second") {
		t.Errorf("a closed discussion was edited: %q", text)
	}
	step.With["reopen"] = true
	if out := h.MustRun(t, step); out["status"] != "open" || readThread(t, h, repo, 2).Status != "open" {
		t.Errorf("outputs %v, want it open again", out)
	}
}

func TestCommentReplies(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutDiscussion("hub.comment", nil)(t, h)
	step.Event = h.Comment(t, step.Event, "Hello @everyone <!-- hfbot:comment key=k -->\n\n<!-- open\nhidden")
	step.With = map[string]any{
		"body": "No, @demo.", "key": "k", "reply_to": step.Event.Comment.ID, "mentions": "defuse",
	}
	h.CheckOnce(t, step)
	d := readThread(t, h, step.Event.Repo.Ref(), 1)
	want := "> Hello @\u2060everyone \n> \n> &lt;!-- open\n> hidden\n\nNo, @\u2060demo.\n\n<!-- hfbot:comment key=k -->"
	if diff := cmp.Diff(want, d.Events[len(d.Events)-1].Content); diff != "" {
		t.Error(diff)
	}
	step.With["reply_to"] = "000000000000000000000000"
	if _, err := h.Run(t, step); err == nil || !strings.Contains(err.Error(), "has no comment") {
		t.Errorf("error %v", err)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	files := map[string]string{"README.md": "# Better\n", "config.json": "{}"}
	tests := map[string]struct {
		with map[string]any
		want string
	}{
		"another path":   {map[string]any{"only_paths": []any{"*.md"}}, `it changes "config.json", which is not in only_paths`},
		"another author": {map[string]any{"authors": []any{"librarian-bot"}}, "its author is not one of librarian-bot"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := actionstest.New(t)
			step := aboutPullRequest("hub.merge", test.with, files)(t, h)
			out := h.MustRun(t, step)
			if diff := cmp.Diff([]any{test.want}, out["reasons"]); diff != "" || out["merged"] != false {
				t.Errorf("outputs %v\n%s", out, diff)
			}
			if status := readThread(t, h, step.Event.Repo.Ref(), 1).Status; status != "open" {
				t.Errorf("the pull request is %s", status)
			}
		})
	}
	t.Run("a later push", func(t *testing.T) {
		t.Parallel()
		h := actionstest.New(t)
		step := aboutPullRequest("hub.merge", nil, files)(t, h)
		step.Ref, step.SHA = "refs/pr/1", strings.Repeat("a", 40)
		if out := h.MustRun(t, step); fmt.Sprint(out["reasons"]) != "[it was pushed to after the event]" {
			t.Errorf("outputs %v", out)
		}
	})
	t.Run("a draft", func(t *testing.T) {
		t.Parallel()
		h := actionstest.New(t)
		step := aboutDiscussion("hub.merge", nil)(t, h)
		repo := step.Event.Repo.Ref()
		in := hub.CreateDiscussionInput{Title: "a draft", Description: "a draft", PullRequest: true}
		draft, err := h.User.CreateDiscussion(t.Context(), repo, in)
		if err != nil {
			t.Fatal(err)
		}
		step.With = map[string]any{"discussion": int64(draft.Num)}
		if out := h.MustRun(t, step); fmt.Sprint(out["reasons"]) != "[it is a draft]" {
			t.Errorf("outputs %v", out)
		}
		step.With["discussion"] = int64(1)
		if _, err := h.Run(t, step); !actions.IsPermanent(err) {
			t.Errorf("error %v, want a permanent one for a discussion", err)
		}
	})
}

func TestHideCommentNeedsOne(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutDiscussion("hub.hide_comment", nil)(t, h)
	if _, err := h.Run(t, step); err == nil || !strings.Contains(err.Error(), "give comment") {
		t.Errorf("error %v", err)
	}
	step.With = map[string]any{"comment": "ffffffffffffffffffffffff"}
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "has no comment") {
		t.Errorf("error %v", err)
	}
}

func TestCleanTitle(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 250)
	tests := map[string]string{
		"a\u202e\tb\x1b[31mc": "a b [31mc", " a  title ": "a title", long: strings.Repeat("é", 199) + "…", "ab": "",
	}
	for title, want := range tests {
		if got, _ := cleanTitle(title); got != want {
			t.Errorf("cleanTitle(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestCodeSpan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a`b|c\nd\x1b": "`a\uFFFDb\uFFFDc\uFFFDd\uFFFD`", "": "` `", "weights.bin": "`weights.bin`",
	} {
		if got := codeSpan(text); got != want {
			t.Errorf("codeSpan(%q) = %q, want %q", text, got, want)
		}
	}
}
