package store

import (
	"slices"
	"strings"
)

// RunState is where a run stands. The ways from one state to another are these and no others (docs/architecture.md says what
// happens on each):
//
//	                ┌─────── retry delay ───────┐
//	                ▼                           │
//	 (new) ────▶ waiting ─────▶ queued ─────▶ running ────▶ succeeded
//	   │            │            │  ▲           │ │
//	   │            │            │  └───────────┤ │ its worker is gone
//	   ▼            │            ▼              │ │
//	skipped ◀───────┴─────▶ cancelled ◀─────────┘ └───────▶ failed
//
// A new run begins as queued, waiting or skipped. A failed or cancelled one that a person retries is queued again, or
// waits for its concurrency group. A wait may turn into another one, from debounce to group.
type RunState string

// The states of a run, and of its steps.
const (
	Queued    RunState = "queued"
	Waiting   RunState = "waiting"
	Running   RunState = "running"
	Succeeded RunState = "succeeded"
	RunFailed RunState = "failed"
	Cancelled RunState = "cancelled"
	Skipped   RunState = "skipped"
)

// transitions is the state machine of a run: from each state, the states it may change to. The empty state is a run
// that is not written yet.
var transitions = map[RunState][]RunState{
	"":        {Queued, Waiting, Skipped},
	Waiting:   {Queued, Waiting, Cancelled, Skipped},
	Queued:    {Running, Cancelled},
	Running:   {Queued, Waiting, Succeeded, RunFailed, Cancelled},
	RunFailed: {Queued, Waiting},
	Cancelled: {Queued, Waiting},
	Succeeded: {},
	Skipped:   {},
}

// CanBecome tells whether a run may go from s to the state to.
func (s RunState) CanBecome(to RunState) bool { return slices.Contains(transitions[s], to) }

// Final tells whether a run in this state is over, unless a person retries it.
func (s RunState) Final() bool {
	return s == Succeeded || s == RunFailed || s == Cancelled || s == Skipped
}

// sourcesOf is the list of states that may become to, as SQL literals. States are constants of this package, so no
// text from outside reaches the query.
func sourcesOf(to RunState) string {
	var from []string
	for state := range transitions {
		if state != "" && state.CanBecome(to) {
			from = append(from, "'"+string(state)+"'")
		}
	}
	slices.Sort(from)
	return strings.Join(from, ", ")
}
