package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

func TestStale(t *testing.T) {
	t.Parallel()
	with := func(after, closeAfter string) map[string]any {
		return map[string]any{"body": "Is this still of interest?", "after": after, "close_after": closeAfter}
	}
	out := actionstest.Check(t, aboutDiscussion("hub.stale", with("1ns", "0s")))
	if diff := cmp.Diff(map[string]any{"told": []any{int64(1)}, "closed": []any{}, "open": int64(1)}, out); diff != "" {
		t.Error(diff)
	}
	h := actionstest.New(t)
	step := aboutDiscussion("hub.stale", with("1h", "1h"))(t, h)
	repo := step.Event.Repo.Ref()
	look := func(name, after, closeAfter, want string) {
		t.Helper()
		step.With = with(after, closeAfter)
		h.MustRun(t, step)
		if got := strings.Join(discussionStates(t, h, step), " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	look("young", "1h", "1h", "open demo")
	look("old", "1ns", "1h", "open demo hfbot")
	look("told just now", "1ns", "1h", "open demo hfbot")
	if _, err := h.User.Comment(t.Context(), repo, 1, "It is."); err != nil {
		t.Fatal(err)
	}
	look("answered", "1h", "1ns", "open demo hfbot demo")
	look("old again", "1ns", "1h", "open demo hfbot demo hfbot")
	step.With = with("1ns", "1ns")
	step.With["not_authors"] = []any{"demo"}
	h.MustRun(t, step)
	look("left alone, then told for long", "1ns", "1ns", "closed demo hfbot demo hfbot")
}

// What is closed moves the rest of the list to earlier pages, of which the Hub gives 50 discussions each.
func TestStaleClosesBeyondOnePage(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.BotRepo(t, hub.Model, nil)
	const n = 55
	for range n {
		if _, err := h.User.CreateDiscussion(t.Context(), repo, hub.CreateDiscussionInput{Title: "Old", Description: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	step := actionstest.Step{Uses: "hub.stale", With: map[string]any{
		"repo": repo.Name, "repo_type": "model", "body": "Still of interest?", "after": "1ns", "close_after": "1ns", "max": n,
	}}
	if told := h.MustRun(t, step)["told"].([]any); len(told) != n {
		t.Errorf("told %d", len(told))
	}
	if closed := h.MustRun(t, step)["closed"].([]any); len(closed) != n {
		t.Errorf("closed %d of %d", len(closed), n)
	}
}

// The Hub lists the newest first, and the oldest are those that are stale: they are told first.
func TestStaleTellsTheOldestFirst(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.BotRepo(t, hub.Model, nil)
	for range maxStale + 3 {
		if _, err := h.User.CreateDiscussion(t.Context(), repo, hub.CreateDiscussionInput{Title: "Old", Description: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	step := actionstest.Step{Uses: "hub.stale", With: map[string]any{
		"repo": repo.Name, "repo_type": "model", "body": "Still of interest?", "after": "1ns", "close_after": "0s", "max": 2,
	}}
	for _, want := range [][]any{{int64(1), int64(2)}, {int64(3), int64(4)}} {
		if diff := cmp.Diff(want, h.MustRun(t, step)["told"]); diff != "" {
			t.Error(diff)
		}
	}
}

// discussionStates is the status of the discussion of a step, and who commented.
func discussionStates(t *testing.T, h *actionstest.Harness, step actionstest.Step) []string {
	t.Helper()
	d, err := h.User.Discussion(t.Context(), step.Event.Repo.Ref(), step.Event.Discussion.Num)
	if err != nil {
		t.Fatal(err)
	}
	states := []string{d.Status}
	for _, e := range d.Events {
		if e.Type == "comment" {
			states = append(states, e.Author)
		}
	}
	return states
}
