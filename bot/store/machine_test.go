package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

// cell is one cell of a table of the state machine: what becomes of who is in a state when something happens.
type cell struct{ event, from, to string }

// machine reads the table in docs/architecture.md whose first heading is given.
func machine(t *testing.T, heading string) (cells []cell) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| "+heading+" |")
	if !found {
		t.Fatalf("docs/architecture.md has no table %q", heading)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	lines := strings.Split(table, "\n")
	states := words(lines[0])
	for _, line := range lines[2:] {
		row := words(line)
		if len(row) != len(states)+1 {
			t.Fatalf("the row %q has %d cells", line, len(row))
		}
		for i, to := range row[1:] {
			cells = append(cells, cell{row[0], states[i], to})
		}
	}
	return cells
}

func words(row string) (cells []string) {
	for word := range strings.SplitSeq(strings.Trim(row, "| "), "|") {
		cells = append(cells, strings.TrimSpace(word))
	}
	return cells
}

// specimen is a run in a state, alone with its group and its debounce key.
type specimen struct {
	t     *testing.T
	s     *store.Store
	clock *clock
	run   *store.Run
	lease *store.Lease // of its worker, or of one that lost it
	ahead *store.Run   // who holds its group; nil when it does itself
}

const machineLease = 20 * time.Second

// in writes in a transaction that must commit.
func (m *specimen) in(f func(tx *store.Tx) error) {
	m.t.Helper()
	inTx(m.t, m.s, f)
}

// newSpecimen makes a run and brings it into a state.
func newSpecimen(t *testing.T, s *store.Store, clock *clock, from string) *specimen {
	t.Helper()
	m := &specimen{t: t, s: s, clock: clock}
	group := newID()
	if from == "group" {
		m.ahead = m.insert(group, "queue", "")
	}
	debounce := ""
	if from == "debounce" {
		debounce = group
	}
	m.run = m.insert(group, "queue", debounce)
	m.lease = &store.Lease{Run: m.run.ID, Owner: "worker", Token: 1}
	switch from {
	case "queued", "debounce", "group":
		return m
	case "skipped": // debounced away
		m.run = m.insert(group+"2", "queue", group+"2")
		m.insert(group+"2", "queue", group+"2")
		m.lease.Run = m.run.ID
		return m
	}
	m.in(func(tx *store.Tx) (err error) {
		m.lease, _, err = store.Claim(tx, m.run.ID, "worker", clock.Now().Add(machineLease))
		return err
	})
	m.in(func(tx *store.Tx) error {
		switch from {
		case "retry":
			return tx.WaitRetry(m.lease, clock.Now().Add(time.Minute), "it failed")
		case "succeeded":
			return tx.FinishRun(m.lease, store.Succeeded, "")
		case "failed":
			return tx.FinishRun(m.lease, store.RunFailed, "it failed")
		case "cancelled":
			return tx.FinishRun(m.lease, store.Cancelled, "")
		}
		return nil
	})
	return m
}

// insert keeps a run of a new delivery in a group, debounced when a key is given.
func (m *specimen) insert(group, onConflict, debounce string) *store.Run {
	m.t.Helper()
	r := newRun(accept(m.t, m.s), "rule")
	m.in(func(tx *store.Tx) error {
		r.State = store.Queued
		if debounce != "" {
			if err := tx.Debounce(r, debounce, time.Minute, 0); err != nil {
				return err
			}
		}
		if _, err := tx.JoinGroup(r, group, onConflict); err != nil {
			return err
		}
		return tx.InsertRun(r)
	})
	return r
}

// runEvents are what can happen to a run, by the name in the table.
var runEvents = map[string]func(m *specimen) error{
	"a worker takes it": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error {
			_, _, err := store.Claim(tx, m.run.ID, "another worker", m.clock.Now().Add(machineLease))
			return err
		})
	},
	"its steps are done":                finished(store.Succeeded),
	"a step fails for good":             finished(store.RunFailed),
	"its worker stops, being cancelled": finished(store.Cancelled),
	"a step is to be tried again": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.WaitRetry(m.lease, m.clock.Now().Add(time.Minute), "it failed") })
	},
	"its worker hands it over": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.HandOver(m.lease) })
	},
	"its lease ends": func(m *specimen) error {
		m.clock.add(2 * machineLease)
		return m.try(func(tx *store.Tx) error { _, err := tx.TakeOrphans(machineLease, 1_000); return err })
	},
	"its time comes": func(m *specimen) error {
		m.clock.add(2 * time.Minute)
		return m.try(func(tx *store.Tx) error { _, err := tx.ReleaseDue(1_000); return err })
	},
	"its group becomes free": func(m *specimen) error {
		if m.ahead == nil {
			return nil
		}
		return m.try(func(tx *store.Tx) error { return tx.Cancel(m.ahead.ID, "to make room") })
	},
	"an event of its debounce key comes": func(m *specimen) error {
		m.insert(newID(), "queue", m.run.GroupKey)
		return nil
	},
	"a run with `replace_queued` joins its group": joined("replace_queued"),
	"a run with `cancel_running` joins its group": joined("cancel_running"),
	"somebody cancels it": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.Cancel(m.run.ID, "by hand") })
	},
	"somebody retries it": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.RetryRun(m.run.ID) })
	},
	"its delivery comes again": func(m *specimen) error {
		_, err := m.s.Reopen(m.t.Context(), m.run.DeliveryID)
		return err
	},
}

func (m *specimen) try(f func(tx *store.Tx) error) error { return m.s.InTx(m.t.Context(), f) }

func finished(as store.RunState) func(m *specimen) error {
	return func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.FinishRun(m.lease, as, "") })
	}
}

func joined(onConflict string) func(m *specimen) error {
	return func(m *specimen) error {
		m.insert(m.run.GroupKey, onConflict, "")
		return nil
	}
}

// outcome is what a table says of what became of a state.
func outcome(before, after store.RunState, told bool, err error) string {
	switch {
	case errors.Is(err, store.ErrState), errors.Is(err, store.ErrLeaseLost):
		if before == after {
			return "refused"
		}
		return "refused, and changed to " + string(after)
	case err != nil:
		return err.Error()
	case told:
		return "told"
	case before == after:
		return "–"
	}
	return string(after)
}

// testMachine holds a table of the documentation, with one column for each of some states, against what the store does:
// for each of its cells, prepare makes a specimen in the state that the event meets, and play tells what the event makes
// of it.
func testMachine(
	t *testing.T, table string, states int, events map[string]func(m *specimen) error,
	prepare func(from string) *specimen, play func(m *specimen, event func(m *specimen) error) string,
) {
	t.Helper()
	want := machine(t, table)
	got := make([]cell, len(want))
	for i, c := range want {
		event := events[c.event]
		if event == nil {
			t.Fatalf("the table has an event %q that the test does not know", c.event)
		}
		got[i] = cell{c.event, c.from, play(prepare(c.from), event)}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(cell{})); diff != "" {
		t.Errorf("docs/architecture.md (-) and the store (+):\n%s", diff)
	}
	if known, listed := len(events), len(want)/states; known != listed {
		t.Errorf("the test knows %d events, the table %d", known, listed)
	}
}

// The tables in the documentation are what the store does.
func testRunMachine(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	prepare := func(from string) *specimen { return newSpecimen(t, s, clock, from) }
	testMachine(t, "what happens to a run", 9, runEvents, prepare, func(m *specimen, event func(m *specimen) error) string {
		before := mustRun(t, s, m.run.ID)
		err := event(m)
		after := mustRun(t, s, m.run.ID)
		told := after.State == store.Running && after.CancelReason != before.CancelReason
		return outcome(before.State, after.State, told, err)
	})
}

// stepEvents are what can happen to the first step of a run.
var stepEvents = map[string]func(m *specimen) error{
	"an attempt begins": func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { _, err := tx.StartStep(m.lease, 0, nil); return err })
	},
	"it succeeds":                        ended(store.Succeeded),
	"it fails for good":                  ended(store.RunFailed),
	"it fails, and is to be tried again": ended(store.Waiting),
	"its condition is not met":           ended(store.Skipped),
	"its run is cut off": func(m *specimen) error {
		m.clock.add(2 * machineLease)
		return m.try(func(tx *store.Tx) error { _, err := tx.TakeOrphans(machineLease, 1_000); return err })
	},
	"its run ends before it": finished(store.Cancelled),
	"its run is retried, being the one that broke": func(m *specimen) error {
		if err := finished(store.RunFailed)(m); err != nil {
			return err
		}
		return m.try(func(tx *store.Tx) error { return tx.RetryRun(m.run.ID) })
	},
}

func ended(as store.RunState) func(m *specimen) error {
	return func(m *specimen) error {
		return m.try(func(tx *store.Tx) error { return tx.EndStep(m.lease, 0, store.StepResult{State: as}) })
	}
}

func testStepMachine(t *testing.T, db database) {
	clock := newClock()
	s := db.open(t, store.WithClock(clock.Now))
	first := func(m *specimen) store.RunState { return mustRun(t, s, m.run.ID).Steps[0].State }
	prepare := func(from string) *specimen {
		m := newSpecimen(t, s, clock, "running")
		switch from := store.RunState(from); from {
		case store.Queued:
		case store.Running:
			m.in(func(tx *store.Tx) error { _, err := tx.StartStep(m.lease, 0, nil); return err })
		default:
			if err := ended(from)(m); err != nil {
				t.Fatal(err)
			}
		}
		if got := first(m); string(got) != from {
			t.Fatalf("a step that should be %s is %s", from, got)
		}
		return m
	}
	testMachine(t, "what happens to a step", 7, stepEvents, prepare, func(m *specimen, event func(m *specimen) error) string {
		before := first(m)
		err := event(m)
		return outcome(before, first(m), false, err)
	})
}
