package store

import (
	"context"
	"fmt"
	"time"
)

// Breaker is an open breaker: the rule does not run on the repository until a time, or until a person resets it.
type Breaker struct {
	Rule     string
	Repo     string // the repository's name when it opened
	RepoID   string
	Own      bool // it stops only what the bot's own acts cause
	Runs     int  // how many there were when it opened
	OpenedAt time.Time
	Until    time.Time
}

// BreakerLimit is how many runs on a repository open a breaker. With Own it counts and stops only those that the bot's own
// acts caused.
type BreakerLimit struct {
	Max int
	Per time.Duration
	Own bool
}

// Trip returns the breaker that keeps a run from being made, nil when it is closed; then the caller makes the run, in this
// transaction. It opens one whose limit is reached; opened tells that this was now. Lock [Keys] with the repository before.
// It guesses that the breaker is closed: see [Store.InTx].
func (t *Tx) Trip(r *Run, limit BreakerLimit) (_ *Breaker, opened bool, err error) {
	b := &Breaker{Rule: r.Rule, Repo: r.Repo, RepoID: r.RepoID, Own: limit.Own}
	var openedAt, until, resetAt int64
	var atMost int
	isOpen := func() bool { return until > micros(t.now) && openedAt <= t.latest() } // not when the clock was set back since
	// Runs that the bot's own acts caused are always counted: they are few, and a rule that sets its own limit sees none of
	// them here.
	look, err := t.unlikely(!limit.Own, func(seen row) (bool, error) {
		err := seen.Scan(&b.Runs, &openedAt, &until, &resetAt, &atMost)
		return limit.Own || atMost > limit.Max || isOpen(), err
	}, seeRun, r.Rule, r.RepoID, oneIf(limit.Own), r.Repo, r.Rule, r.RepoID, oneIf(limit.Own), limit.Max+1, r.Rule, r.RepoID,
		micros(t.now.Add(-limit.Per-clockAhead)), oneIf(limit.Own), limit.Per.Microseconds(), micros(t.now), clockAhead.Microseconds())
	if err != nil {
		return nil, false, fmt.Errorf("store: look up the breaker of rule %s: %w", r.Rule, err)
	}
	if !look {
		return nil, false, nil
	}
	if isOpen() {
		b.OpenedAt, b.Until = fromMicros(openedAt), fromMicros(until)
		return b, false, nil
	}
	if b.Runs, err = t.recount(b, limit, resetAt); err != nil || b.Runs < limit.Max {
		return nil, false, err
	}
	b.OpenedAt, b.Until = t.now, t.now.Add(limit.Per)
	err = t.post(`UPDATE breakers SET repo = ?, runs = ?, opened_at = ?, until = ? WHERE rule = ? AND repo_id = ? AND own = ?`,
		b.Repo, b.Runs, micros(b.OpenedAt), micros(b.Until), b.Rule, b.RepoID, oneIf(b.Own))
	if err != nil {
		return nil, false, fmt.Errorf("store: open the breaker of rule %s: %w", r.Rule, err)
	}
	return b, true, nil
}

// seeRun counts one more run on the breaker, and gives what it has seen: of a new one those that are there, and more than the
// limit when that is not known, for it was for another time, or the clock was set back since it was counted.
const seeRun = `INSERT INTO breakers (rule, repo_id, own, repo, runs, opened_at, until, reset_at, counted, counted_per, counted_at)
	VALUES (?, ?, ?, ?, 0, 0, 0, 0, CASE WHEN EXISTS (SELECT 1 FROM breakers WHERE rule = ? AND repo_id = ? AND own = ?) THEN ?
	ELSE (SELECT COUNT(*) + 1 FROM runs WHERE rule = ? AND repo_id = ? AND created_at > ? AND state <> 'skipped' AND own_caused >= ?)
	END, ?, ?) ON CONFLICT (rule, repo_id, own) DO UPDATE SET counted = CASE
	WHEN breakers.counted_per = excluded.counted_per AND breakers.counted_at <= excluded.counted_at + ?
	THEN breakers.counted + 1 ELSE excluded.counted END RETURNING runs, opened_at, until, reset_at, counted`

// recount counts the runs before this one for a limit. What it keeps, and seeRun goes on from, is never too few: runs leave
// the time of the limit, are skipped or removed, and none comes into it but those that seeRun has seen. It counts those with
// it that would come in if the clock were set back by so little that nobody would take note.
func (t *Tx) recount(b *Breaker, limit BreakerLimit, resetAt int64) (n int, err error) {
	since := max(micros(t.now.Add(-limit.Per)), resetAt)
	var atMost int
	err = t.tx.QueryRowContext(t.ctx, `SELECT COUNT(CASE WHEN created_at > ? AND created_at <= ? THEN 1 END), COUNT(*) FROM runs
		WHERE rule = ? AND repo_id = ? AND created_at > ? AND state <> 'skipped' AND own_caused >= ?`,
		since, t.latest(), b.Rule, b.RepoID, max(since-clockAhead.Microseconds(), resetAt), oneIf(limit.Own)).Scan(&n, &atMost)
	if err == nil {
		err = t.post(`UPDATE breakers SET counted = ?, counted_per = ?, counted_at = ? WHERE rule = ? AND repo_id = ? AND own = ?`,
			atMost+1, limit.Per.Microseconds(), micros(t.now), b.Rule, b.RepoID, oneIf(limit.Own))
	}
	if err != nil {
		return 0, fmt.Errorf("store: count runs of rule %s: %w", b.Rule, err)
	}
	return n, nil
}

// maxBreakers is the most that OpenBreakers lists.
const maxBreakers = 1_000

// OpenBreakers lists the breakers that are open, of one rule or (empty) of all, the newest first and at most a thousand.
func (s *Store) OpenBreakers(ctx context.Context, rule string) ([]Breaker, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT rule, repo, repo_id, own, runs, opened_at, until FROM breakers
		WHERE until > ? AND (rule = ? OR ? = '') ORDER BY opened_at DESC, rule, repo_id, own LIMIT ?`,
		micros(s.Now()), rule, rule, maxBreakers)
	if err != nil {
		return nil, fmt.Errorf("store: look up the open breakers: %w", err)
	}
	return collect(rows, func(rows row) (Breaker, error) {
		var b Breaker
		var own, openedAt, until int64
		err := rows.Scan(&b.Rule, &b.Repo, &b.RepoID, &own, &b.Runs, &openedAt, &until)
		b.Own, b.OpenedAt, b.Until = own == 1, fromMicros(openedAt), fromMicros(until)
		return b, err
	})
}

// ResetBreaker closes the open breaker of a rule on a repository, given by its id or its name: the rule runs there again,
// and runs from before do not count. There is an [ErrState] when none is open.
func (s *Store) ResetBreaker(ctx context.Context, rule, repo string) error {
	return s.InTx(ctx, func(tx *Tx) error {
		n, err := tx.exec(`UPDATE breakers SET until = 0, reset_at = ?, counted_per = 0 WHERE rule = ? AND (repo_id = ? OR repo = ?)
			AND until > ?`, micros(tx.now), rule, repo, repo, micros(tx.now))
		if err != nil {
			return fmt.Errorf("store: reset the breaker of rule %s: %w", rule, err)
		}
		if n == 0 {
			return refuse("the breaker of rule %s is not open on %s; those that are stand in the list of breakers", rule, repo)
		}
		return nil
	})
}
