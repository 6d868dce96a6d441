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

// Claim takes a queued run for owner until the given time, as ClaimAll does. It returns nil when the run is not queued any
// more: a ticket may come twice.
func (t *Tx) Claim(run, owner string, until time.Time) (*Lease, *Run, error) {
	claimed, err := t.ClaimAll([]string{run}, owner, until)
	if err != nil || len(claimed) == 0 {
		return nil, nil, err
	}
	return claimed[0].Lease, claimed[0].Run, nil
}

// ClaimAll takes those of the runs that are queued for owner until the given time, and returns them in their order.
func (t *Tx) ClaimAll(runs []string, owner string, until time.Time) ([]Claimed, error) {
	those, ids := t.store.dialect.among("id", runs)
	rows, err := t.tx.QueryContext(t.ctx, `UPDATE runs SET state = 'running', owner = ?, token = token + 1, lease_until = ?,
		started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END, reason = '', wait_for = '', wait_until = 0
		WHERE `+those+` AND state = 'queued' RETURNING `+runColumns+`, token`,
		owner, micros(until), micros(t.now), ids)
	if err != nil {
		return nil, fmt.Errorf("store: claim runs: %w", err)
	}
	taken := map[string]*Claimed{}
	_, err = collect(rows, func(rows row) (struct{}, error) {
		l := &Lease{Owner: owner}
		r, err := scanRun(rows.Scan, &l.Token)
		l.Run, l.keys = r.ID, &Keys{Rule: r.Rule, Once: r.OnceKey, Debounce: r.DebounceKey, Group: r.GroupKey}
		taken[r.ID] = &Claimed{Lease: l, Run: &r}
		return struct{}{}, err
	})
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
	return claimed, t.readClaimed(claimed)
}

// readClaimed fills in the steps and deliveries of claimed runs.
func (t *Tx) readClaimed(claimed []Claimed) error {
	if len(claimed) == 0 {
		return nil
	}
	runs, deliveries := make([]string, len(claimed)), make([]string, len(claimed))
	place, of := map[string]int{}, map[string][]int{}
	for i, c := range claimed {
		runs[i], deliveries[i] = c.Run.ID, c.Run.DeliveryID
		place[c.Run.ID] = i
		of[c.Run.DeliveryID] = append(of[c.Run.DeliveryID], i)
	}
	those, ids := t.store.dialect.among("run_id", runs)
	rows, err := t.tx.QueryContext(t.ctx, `SELECT `+stepColumns+`, run_id FROM steps WHERE `+those+` ORDER BY run_id, idx`, ids)
	if err == nil {
		_, err = collect(rows, func(rows row) (struct{}, error) {
			var run string
			s, err := scanStep(rows, &run)
			if err == nil {
				r := claimed[place[run]].Run
				r.Steps = append(r.Steps, s)
			}
			return struct{}{}, err
		})
	}
	if err != nil {
		return fmt.Errorf("store: read the steps of claimed runs: %w", err)
	}
	those, ids = t.store.dialect.among("id", deliveries)
	rows, err = t.tx.QueryContext(t.ctx, `SELECT `+deliverySummary+`, explanation, body FROM deliveries WHERE `+those, ids)
	if err == nil {
		_, err = collect(rows, func(rows row) (struct{}, error) {
			d, err := scanWholeDelivery(rows.Scan)
			if err == nil {
				for _, i := range of[d.ID] {
					claimed[i].Delivery = &d
				}
			}
			return struct{}{}, err
		})
	}
	if err != nil {
		return fmt.Errorf("store: read the deliveries of claimed runs: %w", err)
	}
	return nil
}
