package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions/actionstest"
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
