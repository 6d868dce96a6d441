package store

import (
	"context"
	"fmt"
	"time"
)

// LogLine is a line that an attempt at a step logged.
type LogLine struct {
	Step    int // index of the step
	Attempt int
	Seq     int // from 1 within the attempt
	At      time.Time
	Level   string // debug, info, warn or error
	Message string
}

// Progress is how far a step is.
type Progress struct {
	Step  int // index of the step
	Done  int64
	Total int64 // 0: not known
	Note  string
	At    time.Time
}

// Record is [Tx.Record] in a transaction of its own.
func (s *Store) Record(ctx context.Context, run string, lines []LogLine, p *Progress) error {
	return s.InTx(ctx, func(tx *Tx) error { return tx.Record(run, lines, p) })
}

// Record writes lines that steps of a run logged, and how far a step is unless p is nil. A line that is there already is
// left as it is. How many lines an attempt may have is its writer's to bound.
func (t *Tx) Record(run string, lines []LogLine, p *Progress) error {
	for _, l := range lines {
		err := t.post(`INSERT INTO logs (run_id, idx, attempt, seq, at, level, message) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (run_id, idx, attempt, seq) DO NOTHING`,
			run, l.Step, l.Attempt, l.Seq, micros(l.At), l.Level, l.Message)
		if err != nil {
			return fmt.Errorf("store: write the log of run %s: %w", run, err)
		}
	}
	if p == nil {
		return nil
	}
	err := t.post(`INSERT INTO progress (run_id, idx, done, total, note, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (run_id, idx) DO UPDATE SET done = excluded.done, total = excluded.total, note = excluded.note,
			at = excluded.at`, run, p.Step, p.Done, p.Total, p.Note, micros(p.At))
	if err != nil {
		return fmt.Errorf("store: write the progress of run %s: %w", run, err)
	}
	return nil
}

// Logs returns what the steps of a run logged, in the order of steps, attempts and lines: the last limit lines of each
// step, all with limit 0.
func (s *Store) Logs(ctx context.Context, run string, limit int) ([]LogLine, error) {
	where, args := "", []any{run}
	if limit > 0 {
		where, args = ` WHERE back <= ?`, append(args, limit)
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT idx, attempt, seq, at, level, message FROM (
		SELECT idx, attempt, seq, at, level, message,
		ROW_NUMBER() OVER (PARTITION BY idx ORDER BY attempt DESC, seq DESC) AS back FROM logs WHERE run_id = ?) AS numbered`+
		where+` ORDER BY idx, attempt, seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read the log of run %s: %w", run, err)
	}
	lines, err := collect(rows, func(rows row) (LogLine, error) {
		var l LogLine
		var at int64
		err := rows.Scan(&l.Step, &l.Attempt, &l.Seq, &at, &l.Level, &l.Message)
		l.At = fromMicros(at)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the log of run %s: %w", run, err)
	}
	return lines, nil
}

// Progress returns how far the steps of a run are, those that reported it.
func (s *Store) Progress(ctx context.Context, run string) ([]Progress, error) {
	rows, err := s.reader.QueryContext(ctx,
		`SELECT idx, done, total, note, at FROM progress WHERE run_id = ? ORDER BY idx`, run)
	if err != nil {
		return nil, fmt.Errorf("store: read the progress of run %s: %w", run, err)
	}
	return collect(rows, func(rows row) (Progress, error) {
		var p Progress
		var at int64
		err := rows.Scan(&p.Step, &p.Done, &p.Total, &p.Note, &at)
		p.At = fromMicros(at)
		return p, err
	})
}
