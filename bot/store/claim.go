package store

import (
	"fmt"
	"time"
)

// Claimed is a run that a worker has taken, and what it needs to begin.
type Claimed struct {
	Lease    *Lease
	Run      *Run      // with its steps
	Delivery *Delivery // nil when it is not there any more
}

// Claim takes those of the runs that are queued for owner until the given time, and returns them in their order. The others
// are left out: a ticket may come twice.
func (t *Tx) Claim(runs []string, owner string, until time.Time) ([]Claimed, error) {
	taken := map[string]*Claimed{}
	err := t.take(taken, runs, owner, until)
	if err == nil {
		err = t.readTaken(taken, runs)
	}
	if err == nil {
		err = t.flush()
	}
	if err != nil {
		return nil, fmt.Errorf("store: claim runs: %w", err)
	}
	claimed := make([]Claimed, 0, len(taken))
	for _, id := range runs {
		if c := taken[id]; c != nil {
			claimed = append(claimed, *c)
			t.note(id, Running)
			delete(taken, id)
		}
	}
	return claimed, nil
}

// take claims runs and puts those that were queued into taken. It looks them up by their ids: PostgreSQL would else rather
// read all that are queued, since it believes them to be few.
func (t *Tx) take(taken map[string]*Claimed, runs []string, owner string, until time.Time) error {
	those, ids := t.store.dialect.among("id", runs)
	return t.askAll(func(rows row) error {
		l := &Lease{Owner: owner}
		r, err := scanRun(rows.Scan, &l.Token)
		l.Run, l.keys = r.ID, &Keys{Rule: r.Rule, Once: r.OnceKey, Debounce: r.DebounceKey, Group: r.GroupKey}
		taken[r.ID] = &Claimed{Lease: l, Run: &r}
		return err
	}, `UPDATE runs SET state = 'running', owner = ?, token = token + 1, lease_until = ?,
		started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END, reason = '', wait_for = '', wait_until = 0
		WHERE `+those+` AND (state = 'queued') IS TRUE RETURNING `+runColumns+`, token`,
		owner, micros(until), micros(t.now), ids)
}

// readTaken fills in the steps and deliveries of those of the runs that are in taken by then.
func (t *Tx) readTaken(taken map[string]*Claimed, runs []string) error {
	those, ids := t.store.dialect.among("run_id", runs)
	err := t.askAll(func(rows row) error {
		var run string
		s, err := scanStep(rows, &run)
		if c := taken[run]; c != nil {
			c.Run.Steps = append(c.Run.Steps, s)
		}
		return err
	}, `SELECT `+stepColumns+`, run_id FROM steps WHERE `+those+` ORDER BY run_id, idx`, ids)
	if err != nil {
		return err
	}
	those, ids = t.store.dialect.among("id", runs)
	return t.askAll(func(rows row) error {
		d, err := scanWholeDelivery(rows.Scan)
		for _, c := range taken {
			if c.Run.DeliveryID == d.ID {
				c.Delivery = &d
			}
		}
		return err
	}, `SELECT `+deliverySummary+`, explanation, body FROM deliveries WHERE id IN (SELECT delivery_id FROM runs WHERE `+those+`)`, ids)
}
