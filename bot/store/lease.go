package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrLeaseLost says that another worker took the run over, or that it was ended; whoever gets it stops and writes
// nothing.
var ErrLeaseLost = errors.New("store: the lease of the run is lost")

// interrupted is the state of an attempt that was cut off by the bot's own end.
const interrupted = "interrupted"

// Lease is the right to work a run, until it expires or ends. Token grows with each lease of a run, so that a worker
// that slept through the end of its own cannot write any more.
type Lease struct {
	Run   string
	Owner string
	Token int64

	keys *Keys // of the run, which never change; nil: not known
}

// Renew extends a lease. It returns why the run is to be cancelled, "" when it is not, and ErrLeaseLost when the lease
// is not valid any more.
func (t *Tx) Renew(l *Lease, until time.Time) (cancel string, err error) {
	err = t.tx.QueryRowContext(t.ctx, `UPDATE runs SET lease_until = ? WHERE id = ? AND state = 'running' AND owner = ?
		AND token = ? RETURNING cancel_reason`, micros(until), l.Run, l.Owner, l.Token).Scan(&cancel)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("run %s: %w", l.Run, ErrLeaseLost)
	}
	if err != nil {
		return "", fmt.Errorf("store: renew the lease of run %s: %w", l.Run, err)
	}
	return cancel, nil
}

// check asks whether the lease is valid; if not, the transaction fails with ErrLeaseLost. What it saw stays true until the
// transaction ends.
func (t *Tx) check(l *Lease) error {
	return t.ask(func(held row) error {
		var id string
		err := held.Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("run %s: %w", l.Run, ErrLeaseLost)
		}
		if err != nil {
			return fmt.Errorf("store: check the lease of run %s: %w", l.Run, err)
		}
		return nil
	}, `SELECT id FROM runs WHERE id = ? AND state = 'running' AND owner = ? AND token = ?`+t.store.dialect.forUpdate,
		l.Run, l.Owner, l.Token)
}

// WritePlan replaces the plan of a run.
func (t *Tx) WritePlan(l *Lease, p Plan) error {
	if err := t.check(l); err != nil {
		return err
	}
	plan, err := encodePlan(p)
	if err == nil {
		err = t.post(`UPDATE runs SET plan = ? WHERE id = ?`, plan, l.Run)
	}
	if err != nil {
		return fmt.Errorf("store: write the plan of run %s: %w", l.Run, err)
	}
	return nil
}

// HandOver puts a run that its worker must leave back into the queue. The attempt under way counts as cut off.
func (t *Tx) HandOver(l *Lease) error {
	if err := t.check(l); err != nil {
		return err
	}
	return t.requeue(l.Run)
}

// TakeOrphans puts runs whose lease has expired back into the queue, at most limit, and returns how many it found. A
// lease that ends later than any that could be given now has expired as well: it was written before the clock was set
// back. With longest 0 every running run is an orphan.
func (t *Tx) TakeOrphans(longest time.Duration, limit int) (int, error) {
	from, to := micros(t.now), micros(t.now.Add(2*longest))
	if longest == 0 {
		from = math.MaxInt64
	}
	orphans, err := t.queryIDs(`SELECT id FROM runs WHERE state = 'running' AND (lease_until <= ? OR lease_until > ?)
		ORDER BY id LIMIT ?`+t.store.dialect.skipLocked, from, to, limit)
	if err != nil {
		return 0, fmt.Errorf("store: look for orphaned runs: %w", err)
	}
	for _, run := range orphans {
		if err := t.requeue(run); err != nil {
			return 0, err
		}
	}
	return len(orphans), nil
}

// requeue makes a running run queued again.
func (t *Tx) requeue(run string) error {
	err := t.post(`UPDATE attempts SET state = '`+interrupted+`', finished_at = ? WHERE run_id = ?
		AND state = 'running'`, micros(t.now), run)
	if err != nil {
		return fmt.Errorf("store: requeue run %s: %w", run, err)
	}
	if err := t.post(`UPDATE steps SET state = 'queued' WHERE run_id = ? AND state = 'running'`, run); err != nil {
		return fmt.Errorf("store: requeue run %s: %w", run, err)
	}
	return t.queue(run, "")
}

// TicketAgain has runs worked that are queued since before the given time, at most limit: their tickets may have been lost with
// the process that held them. So may those of runs that are queued since a time to come, because the queue, too, waits for that
// time after the clock was set back.
func (t *Tx) TicketAgain(before time.Time, limit int) (int, error) {
	runs, err := t.queryIDs(`SELECT id FROM runs WHERE state = 'queued' AND (ticketed_at < ? OR ticketed_at > ?)
		ORDER BY id LIMIT ?`+t.store.dialect.skipLocked, micros(before), micros(t.now.Add(clockAhead)), limit)
	if err != nil {
		return 0, fmt.Errorf("store: look for runs without a ticket: %w", err)
	}
	for _, run := range runs {
		if err := t.post(`UPDATE runs SET ticketed_at = ? WHERE id = ?`, micros(t.now), run); err != nil {
			return 0, fmt.Errorf("store: issue the ticket of run %s again: %w", run, err)
		}
	}
	t.enqueue(runs...)
	return len(runs), nil
}
