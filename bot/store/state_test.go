package store

import (
	"slices"
	"testing"
)

// The whole state machine, written down a second time: what is listed is allowed, everything else is not.
func TestTransitions(t *testing.T) {
	t.Parallel()
	states := []RunState{"", Queued, Waiting, Running, Succeeded, RunFailed, Cancelled, Skipped}
	allowed := [][2]RunState{
		{"", Queued},
		{"", Waiting},
		{"", Skipped}, // decided while matching
		{Waiting, Queued},
		{Waiting, Waiting}, // from debounce to a concurrency group
		{Waiting, Cancelled},
		{Waiting, Skipped}, // debounced, superseded
		{Queued, Running},
		{Queued, Cancelled},
		{Running, Queued},  // its worker died or was stopped
		{Running, Waiting}, // retry delay
		{Running, Succeeded},
		{Running, RunFailed},
		{Running, Cancelled},
		{RunFailed, Queued}, // retried by hand
		{RunFailed, Waiting},
		{Cancelled, Queued},
		{Cancelled, Waiting},
	}
	for _, from := range states {
		for _, to := range states {
			want := slices.Contains(allowed, [2]RunState{from, to})
			if got := from.CanBecome(to); got != want {
				t.Errorf("%q to %q: %t, want %t", from, to, got, want)
			}
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	for state, want := range map[RunState]bool{
		Queued: false, Waiting: false, Running: false, Succeeded: true, RunFailed: true, Cancelled: true, Skipped: true,
	} {
		if got := state.Final(); got != want {
			t.Errorf("%s: %t, want %t", state, got, want)
		}
	}
}

func TestSourcesOf(t *testing.T) {
	t.Parallel()
	if got, want := sourcesOf(Running), "'queued'"; got != want {
		t.Errorf("running: %s, want %s", got, want)
	}
	if got, want := sourcesOf(Skipped), "'waiting'"; got != want {
		t.Errorf("skipped: %s, want %s", got, want)
	}
}
