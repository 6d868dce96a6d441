package builtin

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// comments are the visible comments of a discussion after the one that opened it.
func comments(t *testing.T, h *actionstest.Harness, repo hub.RepoRef, num int) []hub.DiscussionEvent {
	t.Helper()
	d, err := h.User.Discussion(t.Context(), repo, num)
	if err != nil {
		t.Fatal(err)
	}
	var found []hub.DiscussionEvent
	for _, e := range d.Events[1:] {
		if e.Type == "comment" {
			found = append(found, e)
		}
	}
	return found
}

// withDiscussion is a local Hub with a repository and a discussion.
func withDiscussion(t *testing.T) (*actionstest.Harness, hub.RepoRef, *hub.Payload) {
	t.Helper()
	h := actionstest.New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
	event := h.OpenDiscussion(t, repo, "a question")
	return h, repo, event
}

func TestCommentOnce(t *testing.T) {
	t.Parallel()
	h, repo, event := withDiscussion(t)
	step := actionstest.Step{Uses: "hub.comment", Event: event, With: map[string]any{"body": "Hello."}}
	if out := h.CheckDryRun(t, step); out["created"] != true || out["id"] != "" {
		t.Errorf("dry run: %v", out)
	}
	first, second := h.CheckOnce(t, step)
	if first["created"] != true {
		t.Errorf("first %v, want a new comment", first)
	}
	again := map[string]any{"id": first["id"], "url": first["url"], "created": false}
	if diff := cmp.Diff(again, second); diff != "" {
		t.Error(diff)
	}
	written := comments(t, h, repo, event.Discussion.Num)
	if len(written) != 1 || !strings.HasPrefix(written[0].Content, "Hello.\n\n<!-- hfbot:comment key=") {
		t.Fatalf("comments %+v", written)
	}
	want := h.Bot.RepoURL(repo) + "/discussions/1#" + written[0].ID
	if first["url"] != want || first["id"] != written[0].ID {
		t.Errorf("outputs %v, want %s", first, want)
	}
	step.Key = "another run"
	if out := h.MustRun(t, step); out["created"] != true || len(comments(t, h, repo, 1)) != 2 {
		t.Errorf("another run's comment is missing: %v", out)
	}
}

func TestCommentKeyEditsInPlace(t *testing.T) {
	t.Parallel()
	h, repo, event := withDiscussion(t)
	step := actionstest.Step{Uses: "hub.comment", Event: event, Key: "1"}
	step.With = map[string]any{"body": "queued", "key": "ci -->"}
	first, _ := h.CheckOnce(t, step)
	step.Key, step.With = "2", map[string]any{"body": "done", "key": "ci -->"}
	if out := h.CheckDryRun(t, step); out["created"] != false || out["id"] != first["id"] {
		t.Errorf("dry run: %v", out)
	}
	second, _ := h.CheckOnce(t, step)
	if second["created"] != false || second["id"] != first["id"] {
		t.Errorf("second %v, want the comment of the first %v", second, first)
	}
	written := comments(t, h, repo, 1)
	if len(written) != 1 || written[0].Content != "done\n\n<!-- hfbot:comment key=ci%20-%2D%3E -->" {
		t.Errorf("comments %+v", written)
	}
	step.With = map[string]any{"body": "other", "key": "build"}
	if h.MustRun(t, step); len(comments(t, h, repo, 1)) != 2 {
		t.Error("another key shares the comment")
	}
}

func TestCommentIgnoresMarkersOfStrangers(t *testing.T) {
	t.Parallel()
	h, repo, event := withDiscussion(t)
	const marker = "<!-- hfbot:comment key=welcome -->"
	if _, err := h.User.Comment(t.Context(), repo, 1, "mine\n\n"+marker); err != nil {
		t.Fatal(err)
	}
	quote := map[string]any{"body": "You wrote:\n> mine " + marker + "\n\nIndeed.", "key": "quote"}
	h.MustRun(t, actionstest.Step{Uses: "hub.comment", Event: event, With: quote})
	out := h.MustRun(t, actionstest.Step{
		Uses: "hub.comment", Event: event, With: map[string]any{"body": "Welcome.", "key": "welcome"},
	})
	if written := comments(t, h, repo, 1); out["created"] != true || len(written) != 3 {
		t.Errorf("%v, %d comments, want a new third one", out, len(written))
	}
}

func TestCommentElsewhere(t *testing.T) {
	t.Parallel()
	h, repo, _ := withDiscussion(t)
	data := h.Repo(t, hub.Dataset, nil)
	step := actionstest.Step{
		Uses: "hub.comment", Event: h.Pushed(t, repo), Files: map[string]string{"templates/hi.md": "\nHi from a file.\n"},
		With: map[string]any{"body_file": "templates/hi.md", "discussion": int64(1)},
	}
	h.CheckOnce(t, step)
	written := comments(t, h, repo, 1)
	if len(written) != 1 || !strings.HasPrefix(written[0].Content, "Hi from a file.\n\n<!--") {
		t.Errorf("comments %+v", written)
	}
	h.OpenDiscussion(t, data, "about data")
	step.With = map[string]any{"body": "x", "discussion": int64(1), "repo": data.Name, "repo_type": "dataset"}
	h.MustRun(t, step)
	if written := comments(t, h, data, 1); len(written) != 1 {
		t.Errorf("comments on the dataset %+v", written)
	}
}

func TestCommentRefuses(t *testing.T) {
	t.Parallel()
	h, repo, event := withDiscussion(t)
	push := h.Pushed(t, repo)
	tests := []struct {
		name  string
		event *hub.Payload
		with  map[string]any
		want  string
	}{
		{"no text", event, map[string]any{}, "exactly one of body and body_file"},
		{"two texts", event, map[string]any{"body": "a", "body_file": "b"}, "exactly one of body and body_file"},
		{"blank text", event, map[string]any{"body": " \n"}, "the comment is empty"},
		{"too long", event, map[string]any{"body": strings.Repeat("€", maxComment)}, "the Hub takes 65536"},
		{"no such file", event, map[string]any{"body_file": "x.md"}, "read body_file: no file x.md"},
		{"no discussion", push, map[string]any{"body": "a"}, "the event has no discussion"},
		{"another's", event, map[string]any{"body": "a", "repo": "demo/other"}, "no discussion of model demo/other"},
		{"negative", event, map[string]any{"body": "a", "discussion": int64(-1)}, "positive number"},
		{"missing discussion", event, map[string]any{"body": "a", "discussion": int64(99)}, "does not exist"},
		{
			"missing repository", event,
			map[string]any{"body": "a", "repo": "demo/none", "discussion": int64(1)},
			"does not exist",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Run(t, actionstest.Step{Uses: "hub.comment", Event: test.event, With: test.with})
			if !actions.IsPermanent(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a permanent one with %q", err, test.want)
			}
		})
	}
}

func TestCommentCancelled(t *testing.T) {
	t.Parallel()
	h, _, event := withDiscussion(t)
	rt := &actions.Runtime{Event: event, BotID: "1", BotName: actionstest.BotName, Hub: h.Bot}
	_, err := entry(t, "hub.comment").Run(cancelled(t), rt, map[string]any{"body": "a"})
	if !errors.Is(err, cancelled(t).Err()) {
		t.Errorf("error %v, want the context's", err)
	}
}
