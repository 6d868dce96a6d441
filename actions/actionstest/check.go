package actionstest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CheckOnce runs a step twice, as after a crash, and fails the test if the second run changed a repository of the
// harness again. It returns the outputs of both runs.
func (h *Harness) CheckOnce(t testing.TB, step Step) (first, second map[string]any) {
	t.Helper()
	first = h.MustRun(t, step)
	once := h.state(t)
	second = h.MustRun(t, step)
	if diff := cmp.Diff(once, h.state(t)); diff != "" {
		t.Errorf("%s has a second effect when it runs again:\n%s", step.Uses, diff)
	}
	return first, second
}

// CheckDryRun runs a step in a dry run and fails the test if that changed a repository of the harness, or called
// another service with more than GET or HEAD. It returns the outputs.
func (h *Harness) CheckDryRun(t testing.TB, step Step) map[string]any {
	t.Helper()
	before, called := h.state(t), h.outside.writes()
	step.DryRun = true
	outputs := h.MustRun(t, step)
	if diff := cmp.Diff(before, h.state(t)); diff != "" {
		t.Errorf("%s has an effect in a dry run:\n%s", step.Uses, diff)
	}
	if diff := cmp.Diff(called, h.outside.writes()); diff != "" {
		t.Errorf("%s calls another service in a dry run:\n%s", step.Uses, diff)
	}
	return outputs
}
