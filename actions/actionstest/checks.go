package actionstest

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
)

// mostCuts bounds after how many calls to the Hub a step is cut off.
const mostCuts = 60

// Check is the whole of what every action must pass, in one line:
//
//	actionstest.Check(t, func(t testing.TB, h *actionstest.Harness) actionstest.Step { … })
//
// The function makes what the step needs and returns the step. It is called for each check anew, with a Hub of its own:
//
//   - a dry run succeeds, changes nothing on the Hub and calls nothing outside but to read;
//   - a run that is cancelled before it begins changes nothing, and its error is not permanent;
//   - a step that runs twice has one effect, when its Spec says that it is idempotent;
//   - a step that is cut off after any of its calls to the Hub, its answer lost, and runs again has that same effect;
//   - no secret of the step shows in its outputs, error or logs, or on the Hub.
//
// It returns the outputs of an undisturbed run.
func Check(t *testing.T, setup func(t testing.TB, h *Harness) Step) map[string]any {
	t.Helper()
	t.Run("dry run", func(t *testing.T) {
		h := New(t)
		h.CheckDryRun(t, setup(t, h))
	})
	t.Run("cancelled", func(t *testing.T) {
		h := New(t)
		h.CheckCancelled(t, setup(t, h))
	})
	h := New(t)
	step := setup(t, h)
	if !h.idempotent(t, step) {
		outputs := h.MustRun(t, step)
		h.checkSecrets(t, step)
		return outputs
	}
	outputs, _ := h.CheckOnce(t, step)
	h.checkSecrets(t, step)
	want := anonymous(h.state(t))
	for calls := 1; calls <= mostCuts; calls++ {
		h := New(t)
		cutOff := h.runCutOff(t, setup(t, h), calls)
		if diff := cmp.Diff(want, anonymous(h.state(t))); diff != "" {
			t.Errorf("%s, cut off after call %d to the Hub and run again, has another effect than one run:\n%s",
				step.Uses, calls, diff)
		}
		if !cutOff {
			break // the step makes no more calls than that
		}
	}
	return outputs
}

// idempotent tells what the Spec of a step's action says.
func (h *Harness) idempotent(t testing.TB, step Step) bool {
	t.Helper()
	return h.entry(t, step).Spec.Idempotent
}

// CheckCancelled runs a step in a context that has ended already and fails the test if that changed anything, or if the
// error would keep the engine from trying again.
func (h *Harness) CheckCancelled(t testing.TB, step Step) {
	t.Helper()
	before := h.state(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.run(ctx, t, step, h.botClient(t, nil))
	if actions.IsPermanent(err) {
		t.Errorf("%s makes a permanent error of a cancelled context: %v", step.Uses, err)
	}
	if diff := cmp.Diff(before, h.state(t)); diff != "" {
		t.Errorf("%s has an effect although it was cancelled before:\n%s", step.Uses, diff)
	}
}

// runCutOff runs a step that is cut off after a number of calls to the Hub, and then again to its end. It tells whether
// there were so many calls.
func (h *Harness) runCutOff(t testing.TB, step Step, calls int) bool {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cut := &cutter{after: calls, cancel: cancel}
	_, err := h.run(ctx, t, step, h.botClient(t, cut))
	switch {
	case errors.Is(context.Cause(ctx), errCutOff) && actions.IsPermanent(err):
		t.Errorf("%s makes a permanent error of a call that was cut off: %v", step.Uses, err)
	case !errors.Is(context.Cause(ctx), errCutOff) && err != nil:
		t.Fatalf("%s: %v", step.Uses, err)
	}
	h.MustRun(t, step)
	return errors.Is(context.Cause(ctx), errCutOff)
}

// checkSecrets fails the test if a secret of a step is to be read on the Hub.
func (h *Harness) checkSecrets(t testing.TB, step Step) {
	t.Helper()
	text := strings.Join(h.state(t), "\n")
	for name, secret := range step.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s writes the secret %s to the Hub", step.Uses, name)
		}
	}
}

// anyID is an id of the Hub or a commit, which differ from one Hub to the next.
var anyID = regexp.MustCompile(`\b([0-9a-f]{40}|[0-9a-f]{24})\b`)

// shortID is how much of a commit people show.
const shortID = 7

// anonymous replaces what differs between two Hubs that hold the same: ids, and commits also in their short form.
func anonymous(lines []string) []string {
	var pairs, short []string
	for _, line := range lines {
		for _, id := range anyID.FindAllString(line, -1) {
			pairs, short = append(pairs, id, "ID"), append(short, id[:shortID], "ID")
		}
	}
	replacer := strings.NewReplacer(append(pairs, short...)...) // at one place the earlier pair wins
	shown := make([]string, len(lines))
	for i, line := range lines {
		shown[i] = replacer.Replace(line)
	}
	return shown
}
