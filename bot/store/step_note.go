package store

import "fmt"

// KeepNote keeps a note of a running step for its next attempt, in the place of the outputs that the step does not have
// yet. The end of the step replaces it.
func (t *Tx) KeepNote(l *Lease, step int, note map[string]any) error {
	if err := t.check(l); err != nil {
		return err
	}
	text, err := encodeMap(note)
	if err != nil {
		return fmt.Errorf("store: encode the note of step %d: %w", step, err)
	}
	if err := t.post(`UPDATE steps SET outputs = ? WHERE run_id = ? AND idx = ? AND state = 'running'`,
		text, l.Run, step); err != nil {
		return fmt.Errorf("store: keep the note of step %d of run %s: %w", step, l.Run, err)
	}
	return nil
}
