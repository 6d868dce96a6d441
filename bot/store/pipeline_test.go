package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// What a run costs on PostgreSQL is mostly ways to the server and back: there are no more than these.
func TestWays(t *testing.T) {
	t.Parallel()
	s := postgres.open(t)
	for range 2 { // the first time, the breaker is new
		r := newRun(accept(t, s), "x")
		ways := func(what string, most int, f func(tx *store.Tx) error) {
			t.Helper()
			var last *store.Tx
			inTx(t, s, func(tx *store.Tx) error {
				last = tx
				return f(tx)
			})
			if n := store.Ways(last); n > most {
				t.Errorf("%s takes %d ways to the server, want at most %d", what, n, most)
			}
		}
		ways("nothing", 0, func(*store.Tx) error { return nil })
		var lease *store.Lease
		ways("to match and claim", 2, func(tx *store.Tx) error {
			_, _, findErr := tx.DeliveryWithID("other")
			_, stopErr := tx.Stopped(r.Rule, r.RepoID)
			_, _, tripErr := tx.Trip(r, store.BreakerLimit{Max: 10, Per: time.Hour})
			err := errors.Join(tx.Lock(store.Keys{Rule: r.Rule, Breaker: r.RepoID}), findErr, stopErr, tripErr, tx.InsertRun(r),
				tx.FinishMatch(r.DeliveryID, nil, map[string]string{"x": "matched"}, ""))
			if err == nil {
				lease, _, err = store.Claim(tx, r.ID, "me", s.Now().Add(time.Minute))
			}
			return err
		})
		result := store.StepResult{State: store.Succeeded}
		start := func(step int) func(tx *store.Tx) error {
			return func(tx *store.Tx) error {
				var again time.Time
				err := tx.StartedAgain(r.Rule, r.RepoID, &again)
				_, startErr := tx.StartStep(lease, step, nil)
				return errors.Join(err, startErr)
			}
		}
		ways("to start a step", 2, start(0))
		ways("to end a step", 2, func(tx *store.Tx) error { return tx.EndStep(lease, 0, result) })
		ways("to start the last step", 2, start(1))
		ways("to end the run", 2, func(tx *store.Tx) error {
			lines := []store.LogLine{{Step: 1, Attempt: 1, Seq: 1}, {Step: 1, Attempt: 1, Seq: 2}}
			return errors.Join(tx.EndRun(lease, 1, result, store.Succeeded, ""), tx.Record(r.ID, lines, nil))
		})
	}
}

// What is seldom true is guessed to be false. When it is true, the transaction is done again, and nothing of the first try
// stays; also when what was done since then would not have been possible.
func TestGuess(t *testing.T) {
	t.Parallel()
	s := postgres.open(t)
	inTx(t, s, func(tx *store.Tx) error { return tx.OptOut("x", "r1", "alice") })
	for name, then := range map[string]func(tx *store.Tx) error{
		"nothing":          func(*store.Tx) error { return nil },
		"a query":          func(tx *store.Tx) error { _, err := tx.OptedOut("y", "r2"); return err },
		"its own error":    func(*store.Tx) error { return errors.New("its own") },
		"a failing write":  func(tx *store.Tx) error { return store.Post(tx, `INSERT INTO optouts VALUES ('x', 'r1', '', 0)`) },
		"the queue's turn": func(tx *store.Tx) error { _, err := tx.Pgx().Exec(t.Context(), `SELECT 1`); return err },
	} {
		var answers []bool
		before := newID()
		inTx(t, s, func(tx *store.Tx) error {
			out, err := tx.Stopped("x", "r1")
			answers = append(answers, out)
			if err != nil || out {
				return err
			}
			return errors.Join(tx.OptOut(before, "r2", "alice"), then(tx))
		})
		if len(answers) != 2 || answers[0] || !answers[1] {
			t.Errorf("followed by %s: the answers were %v, want the guess and then the truth", name, answers)
		}
		inTx(t, s, func(tx *store.Tx) error {
			if out, err := tx.OptedOut(before, "r2"); out || err != nil {
				t.Errorf("followed by %s: what followed from the guess is written: %v", name, err)
			}
			return nil
		})
	}
}

// A transaction that broke off, however, leaves nothing behind, and no connection on which it goes on.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	s := postgres.open(t)
	ended, end := context.WithCancel(t.Context())
	over, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, f := range map[string]func(tx *store.Tx) error{
		"its own error":   func(*store.Tx) error { return errors.New("its own") },
		"a failing write": func(tx *store.Tx) error { return store.Post(tx, `SELECT 1 / (length(?::text) - 1)`, "x") },
		"a statement that cannot be read, and the queue's turn": func(tx *store.Tx) error {
			_ = store.Post(tx, `INSERT INTO nowhere VALUES (1)`)
			_, err := tx.Pgx().Exec(t.Context(), `INSERT INTO optouts VALUES ('x', 'r1', '', 0)`)
			return err
		},
		"a failure that the queue keeps to itself": func(tx *store.Tx) error {
			_, _ = tx.Pgx().Exec(t.Context(), `INSERT INTO nowhere VALUES (1)`)
			return nil
		},
		"a cut": func(tx *store.Tx) error { return store.Post(tx, `SELECT pg_terminate_backend(pg_backend_pid())`) },
		"a cut before a query": func(tx *store.Tx) error {
			server := int64(tx.Pgx().Conn().PgConn().PID())
			inTx(t, s, func(tx *store.Tx) error { return store.Post(tx, `SELECT pg_terminate_backend(?::bigint::int)`, server) })
			_, err := tx.OptedOut("x", "r1")
			return err
		},
		"a context that has ended before a query": func(tx *store.Tx) error {
			_, err := tx.OptedOut("x", "r1")
			return err
		},
		"the end of its context": func(tx *store.Tx) error {
			time.AfterFunc(50*time.Millisecond, end)
			return store.Post(tx, `SELECT pg_sleep(60)`)
		},
	} {
		ctx := t.Context()
		switch name {
		case "the end of its context":
			ctx = ended
		case "a context that has ended before a query":
			ctx = over
		}
		err := s.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.OptOut("x", "r1", "alice"); err != nil {
				return err
			}
			if _, err := tx.OptedOut("x", "r1"); err != nil { // the transaction has begun
				return err
			}
			if ctx == over {
				cancel()
			}
			return f(tx)
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		inTx(t, s, func(tx *store.Tx) error {
			if out, err := tx.OptedOut("x", "r1"); out || err != nil {
				t.Errorf("after %s, what was done before is written: %t, %v", name, out, err)
			}
			return nil
		})
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.InTx(t.Context(), func(tx *store.Tx) error {
			_ = tx.OptOut("x", "r1", "alice")
			_, _ = tx.OptedOut("x", "r1")
			panic("broken")
		})
	}()
	inTx(t, s, func(tx *store.Tx) error {
		if out, err := tx.OptedOut("x", "r1"); out || err != nil {
			t.Errorf("after a panic, what was done before is written: %t, %v", out, err)
		}
		return nil
	})
}

// A table that is changed under a bot, as a later release does at its start, costs no delivery: what the server had prepared
// is prepared anew.
func TestTableChangedUnderneath(t *testing.T) {
	t.Parallel()
	s := postgres.open(t)
	accept(t, s)
	for range 2 { // as often as it likes
		if _, err := s.Pool().Exec(t.Context(), `ALTER TABLE dedupe ALTER COLUMN delivery_id TYPE VARCHAR(100)`); err != nil {
			t.Fatal(err)
		}
		accept(t, s)
		if _, err := s.Pool().Exec(t.Context(), `ALTER TABLE dedupe ALTER COLUMN delivery_id TYPE TEXT`); err != nil {
			t.Fatal(err)
		}
		accept(t, s)
	}
}
