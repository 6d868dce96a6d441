package actionstest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// CheckOnce runs a step twice, as after a crash, and fails the test if the second run changed the repository of the
// event again. It returns the outputs of both runs.
func (h *Harness) CheckOnce(t testing.TB, step Step) (first, second map[string]any) {
	t.Helper()
	repo := repoOf(t, step)
	first = h.MustRun(t, step)
	once := h.Snapshot(t, repo)
	second = h.MustRun(t, step)
	if diff := cmp.Diff(once, h.Snapshot(t, repo)); diff != "" {
		t.Errorf("%s has a second effect when it runs again:\n%s", step.Uses, diff)
	}
	return first, second
}

// CheckDryRun runs a step in a dry run and fails the test if that changed the repository of the event. It returns the
// outputs.
func (h *Harness) CheckDryRun(t testing.TB, step Step) map[string]any {
	t.Helper()
	repo := repoOf(t, step)
	before := h.Snapshot(t, repo)
	step.DryRun = true
	outputs := h.MustRun(t, step)
	if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
		t.Errorf("%s has an effect in a dry run:\n%s", step.Uses, diff)
	}
	return outputs
}

// repoOf is the repository whose state shows the effects of a step.
func repoOf(t testing.TB, step Step) hub.RepoRef {
	t.Helper()
	if step.Event == nil {
		t.Fatal("a step to check needs an event")
	}
	return step.Event.Repo.Ref()
}
