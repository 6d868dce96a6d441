package store

import "fmt"

// TakeOnce reserves a once_per value for a run; false when it is held or used up. The value is used up, for ever, when
// the run succeeds, and free again when it fails, is cancelled or skipped. Call it before InsertRun.
func (t *Tx) TakeOnce(rule, key, run string) (bool, error) {
	n, err := t.exec(`INSERT INTO once (rule, key, run_id, state) VALUES (?, ?, ?, 'held')
		ON CONFLICT (rule, key) DO UPDATE SET run_id = excluded.run_id, state = 'held' WHERE once.state = 'free'`,
		rule, key, run)
	if err != nil {
		return false, fmt.Errorf("store: take the once_per value of rule %s: %w", rule, err)
	}
	return n == 1, nil
}

// OnceTaken tells whether TakeOnce would refuse a value. With debounceKey it answers for a run that is to be debounced
// first: a value held by the waiting run of that key counts as free, for Debounce makes that run give way.
func (t *Tx) OnceTaken(rule, key, debounceKey string) (bool, error) {
	var n int
	err := t.tx.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM once WHERE rule = ? AND key = ? AND state <> 'free'
		AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = once.run_id AND runs.debounce_key = ? AND runs.debounce_key <> ''
		AND runs.state = 'waiting' AND runs.wait_for = ?)`, rule, key, debounceKey, waitDebounce).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("store: look up the once_per value of rule %s: %w", rule, err)
	}
	return n > 0, nil
}

// settleOnce uses up or frees the value that a run held.
func (t *Tx) settleOnce(run string, outcome RunState) error {
	state := "free"
	if outcome == Succeeded {
		state = "used"
	}
	return t.post(`UPDATE once SET state = ? WHERE run_id = ? AND state = 'held'`, state, run)
}

// FreeOnce frees the once_per value that a run used up although it had no effect, since it was a dry run.
func (t *Tx) FreeOnce(run string) error {
	if err := t.post(`UPDATE once SET state = 'free' WHERE run_id = ?`, run); err != nil {
		return fmt.Errorf("store: free the once_per value of run %s: %w", run, err)
	}
	return nil
}

// freeOnce frees the values that finished runs of equal deliveries used up, for a replay that shall do it all again.
func (t *Tx) freeOnce(deliveryKey string) error {
	_, err := t.exec(`UPDATE once SET state = 'free' WHERE state = 'used' AND run_id IN (SELECT runs.id FROM runs
		JOIN deliveries ON deliveries.id = runs.delivery_id WHERE deliveries.key = ?)`, deliveryKey)
	return err
}

// Reserve keeps for ever what several deliveries may tell of, such as a command in the first comment of a discussion, for
// equal deliveries of one key; false when those of another key have it. No rule's once_per value is meant by it.
func (t *Tx) Reserve(what, id, deliveryKey string) (bool, error) {
	err := t.post(`INSERT INTO once (rule, key, run_id, state) VALUES (?, ?, ?, 'used') ON CONFLICT (rule, key) DO NOTHING`,
		reserved+what, id, deliveryKey)
	var holder string
	if err == nil {
		err = t.tx.QueryRowContext(t.ctx, `SELECT run_id FROM once WHERE rule = ? AND key = ?`, reserved+what, id).Scan(&holder)
	}
	if err != nil {
		return false, fmt.Errorf("store: reserve %s %s: %w", what, id, err)
	}
	return holder == deliveryKey, nil
}

// reserved stands before what is reserved where a rule's id does. No id begins so.
const reserved = "+"
