package store

import (
	"errors"
	"fmt"
)

// ErrState says that a run, or what else was asked to change, is in a state that does not allow it. What wraps it is for
// people: it says what the state is, and what is possible.
var ErrState = errors.New("not possible in this state")

// stateError is an [ErrState] in words of its own.
type stateError string

// Error implements error.
func (e stateError) Error() string { return string(e) }

// Is makes it an [ErrState].
func (stateError) Is(target error) bool { return target == ErrState }

func refuse(format string, args ...any) error { return stateError(fmt.Sprintf(format, args...)) }

// FinishRun ends a run as Succeeded, RunFailed or Cancelled: its once_per value is settled, and the next run of its
// concurrency group is let go.
func (t *Tx) FinishRun(l *Lease, state RunState, message string) error {
	if err := t.lockLeased(l); err != nil {
		return err
	}
	if err := t.check(l); err != nil {
		return err
	}
	return t.end(l.Run, state, "", message)
}

// EndRun ends the last step of a run, and the run with it: as EndStep and then FinishRun do, in fewer statements.
func (t *Tx) EndRun(l *Lease, step int, r StepResult, state RunState, message string) error {
	if err := t.lockLeased(l); err != nil {
		return err
	}
	if err := t.EndStep(l, step, r); err != nil {
		return err
	}
	// No step is open any more. EndStep has seen that the run is running, and locked it.
	if l.keys == nil || l.keys.Group != "" {
		return t.close(l.Run, state, "", message)
	}
	err := t.post(`UPDATE runs SET state = ?`+closed+` WHERE id = ?`, string(state), "", message, micros(t.now), l.Run)
	if err != nil {
		return fmt.Errorf("store: make run %s %s: %w", l.Run, state, err)
	}
	t.note(l.Run, state)
	return t.settleOnce(l.Run, state)
}

// move changes the state of a run if the state machine allows it. set is a constant of this package, beginning with a
// comma.
func (t *Tx) move(run string, to RunState, set string, args ...any) error {
	args = append(append([]any{string(to)}, args...), run)
	n, err := t.exec(`UPDATE runs SET state = ?`+set+` WHERE id = ? AND state IN (`+sourcesOf(to)+`)`, args...)
	if err != nil {
		return fmt.Errorf("store: make run %s %s: %w", run, to, err)
	}
	if n == 0 {
		return refuse("run %s cannot become %s from the state it is in", run, to)
	}
	t.note(run, to)
	return nil
}

// end makes a run final, and its steps with it.
func (t *Tx) end(run string, state RunState, reason, message string) error {
	if err := t.endSteps(run, state); err != nil {
		return err
	}
	return t.close(run, state, reason, message)
}

// closed is what a run that is over has, besides its state.
const closed = `, reason = ?, error = ?, finished_at = ?, wait_for = '', wait_until = 0, owner = '', lease_until = 0,
	group_slot = NULL`

// close makes a run final: what it held is settled, and the next run of its concurrency group let go.
func (t *Tx) close(run string, state RunState, reason, message string) error {
	var group *string // what it holds now
	err := t.tx.QueryRowContext(t.ctx, `SELECT group_slot FROM runs WHERE id = ?`, run).Scan(&group)
	if err != nil {
		return fmt.Errorf("store: end run %s: %w", run, err)
	}
	if err := t.move(run, state, closed, reason, message, micros(t.now)); err != nil {
		return err
	}
	if err := t.settleOnce(run, state); err != nil {
		return fmt.Errorf("store: settle once_per of run %s: %w", run, err)
	}
	if group == nil {
		return nil
	}
	return t.promote(*group)
}

// endSteps closes the steps and the attempt that an ending run leaves open.
func (t *Tx) endSteps(run string, state RunState) error {
	if state != Skipped {
		state = Cancelled
	}
	err := t.post(`UPDATE steps SET state = ? WHERE run_id = ? AND state IN ('queued', 'waiting', 'running')`,
		string(state), run)
	if err == nil {
		err = t.post(`UPDATE attempts SET state = 'cancelled', finished_at = ? WHERE run_id = ? AND state = 'running'`,
			micros(t.now), run)
	}
	if err != nil {
		return fmt.Errorf("store: end the steps of run %s: %w", run, err)
	}
	return nil
}

// Cancel ends a run that is queued or waiting. Of a running one it notes that it is to be cancelled, which its worker
// hears of at once, and otherwise with its next heartbeat. A run that is over gives ErrState.
func (t *Tx) Cancel(run, reason string) error {
	if err := t.lockRun(run); err != nil {
		return err
	}
	r, err := t.Run(run)
	if err != nil {
		return err
	}
	if r.State.Final() {
		return refuse("run %s is %s already; only runs that are queued, waiting or running can be cancelled", run, r.State)
	}
	if r.State != Running {
		return t.end(run, Cancelled, reason, "")
	}
	if err := t.post(`UPDATE runs SET cancel_reason = ? WHERE id = ?`, reason, run); err != nil {
		return fmt.Errorf("store: cancel run %s: %w", run, err)
	}
	t.changes = append(t.changes, Change{Run: run, State: Running, Cancel: true})
	return t.notify(CancelTopic, run)
}
