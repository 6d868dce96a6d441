package run

import (
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// Observer hears what the engine does, for metrics. Its methods must not block.
type Observer interface {
	// RunStarted tells how long after its delivery a run began that had nothing to wait for.
	RunStarted(after time.Duration)
	// StepEnded tells how an attempt at a step ended and how long it took; 0 for a step that was not tried. A failed
	// attempt that is to be repeated is Waiting.
	StepEnded(action string, state store.RunState, took time.Duration)
	// RunEnded tells how a run ended.
	RunEnded(rule string, state store.RunState)
}

// observeStart tells the observer of a run that begins now for the first time.
func (x *execution) observeStart() {
	o, r := x.engine.opts.Observer, x.run
	first := r.Attempt == 1 && len(r.Steps) > 0 && r.Steps[0].Attempt == 0
	if o != nil && first && r.DebounceKey == "" && r.GroupKey == "" && x.delivery.Duplicates == 0 {
		o.RunStarted(x.engine.store.Now().Sub(x.delivery.ReceivedAt))
	}
}

// observeStep tells the observer of a step's end.
func (x *execution) observeStep(i int, state store.RunState) {
	if o := x.engine.opts.Observer; o != nil {
		var took time.Duration
		if !x.tried.IsZero() {
			took = time.Since(x.tried)
		}
		o.StepEnded(x.run.Steps[i].Uses, state, took)
	}
	x.tried = time.Time{}
}
