package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// database is one of the databases that the suite runs against.
type database struct {
	// open gives an empty database, and closes it with the test.
	open func(t *testing.T, opts ...store.Option) *store.Store
}

// sqlite opens a file of the test's own.
var sqlite = database{open: func(t *testing.T, opts ...store.Option) *store.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "bot.db"), opts...)
}}

// postgres opens a database of the test's own.
var postgres = database{open: func(t *testing.T, opts ...store.Option) *store.Store {
	t.Helper()
	return openURL(t, pgtest.Database(t, migrate), opts...)
}}

// migrate makes the tables of a database, so that each test can have a copy of it.
func migrate(url string) error {
	s, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return s.Close()
}

func TestMain(m *testing.M) { pgtest.Main(m) }

func openAt(t *testing.T, path string, opts ...store.Option) *store.Store {
	t.Helper()
	return openURL(t, "sqlite:"+path, opts...)
}

func openURL(t *testing.T, url string, opts ...store.Option) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// clock is a time that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newID is an id that sorts after all before it.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// accept keeps a delivery with a Webhook-Id of its own and returns its id.
func accept(t *testing.T, s *store.Store) string {
	t.Helper()
	hook := newID()
	id, duplicate, err := s.Accept(t.Context(), store.Delivery{
		WebhookID: hook, Key: "id:" + hook, Body: []byte(`{}`), Source: store.SourceWebhook, Repo: "acme/tiny",
	})
	if err != nil || duplicate {
		t.Fatalf("accept: duplicate %t, %v", duplicate, err)
	}
	return id
}

// inTx runs f in a transaction that must commit.
func inTx(t *testing.T, s *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// newRun is a run of two steps for a delivery.
func newRun(delivery, rule string) *store.Run {
	return &store.Run{
		ID: newID(), DeliveryID: delivery, Rule: rule, Repo: "acme/tiny", RepoType: "model", RepoID: "r1",
		Plan: store.Plan{Key: "key", Steps: []store.StepPlan{{ID: "a", Uses: "test.a"}, {ID: "b", Uses: "test.b"}}},
	}
}

// insert keeps a new run of a new delivery.
func insert(t *testing.T, s *store.Store, rule string) *store.Run {
	t.Helper()
	r := newRun(accept(t, s), rule)
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) })
	return r
}

// claim leases a queued run.
func claim(t *testing.T, s *store.Store, run string) (*store.Lease, *store.Run) {
	t.Helper()
	var lease *store.Lease
	var r *store.Run
	inTx(t, s, func(tx *store.Tx) (err error) {
		lease, r, err = store.Claim(tx, run, "worker", time.Now().Add(time.Minute))
		return err
	})
	if lease == nil {
		t.Fatalf("run %s could not be claimed; it is %s", run, state(t, s, run))
	}
	return lease, r
}

// finish claims a run and ends it.
func finish(t *testing.T, s *store.Store, run string, as store.RunState) {
	t.Helper()
	lease, _ := claim(t, s, run)
	inTx(t, s, func(tx *store.Tx) error { return tx.FinishRun(lease, as, "") })
}

func state(t *testing.T, s *store.Store, run string) store.RunState {
	t.Helper()
	return mustRun(t, s, run).State
}

func mustRun(t *testing.T, s *store.Store, run string) *store.Run {
	t.Helper()
	r, err := s.Run(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantStates checks the states of runs, in order.
func wantStates(t *testing.T, s *store.Store, runs []*store.Run, want ...store.RunState) {
	t.Helper()
	for i, r := range runs {
		if got := state(t, s, r.ID); got != want[i] {
			t.Errorf("run %d is %s, want %s", i, got, want[i])
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                        "must be sqlite:PATH",
		"sqlite:":                 "must be sqlite:PATH",
		"data/hfbot.db":           "must be sqlite:PATH",
		"postgres://localhost:99": "open the PostgreSQL database",
	} {
		_, err := store.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, want an error with %q", url, err, want)
		}
	}
}

func TestOpenMakesFolderAndLocks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "with space & ?#%", "bot.db")
	s := openAt(t, path)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
	_, err := store.Open(t.Context(), "sqlite:"+path)
	if err == nil || !strings.Contains(err.Error(), "another hfbot has it open") {
		t.Errorf("second open: %v, want a refusal", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
}

func TestMemoryIsGoneAfterClose(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.db")
	s := openAt(t, path)
	if _, err := s.DB().Exec(`INSERT INTO schema_version (version, applied_at) VALUES (999, 0);
		DROP TABLE river_migration`); err != nil { // its queue is another one
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), "sqlite:"+path)
	if err == nil || !strings.Contains(err.Error(), "a newer hfbot wrote it") {
		t.Errorf("open: %v, want a refusal", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("its file was changed, %v", err)
	}
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	delivery := accept(t, s)
	r := newRun(delivery, "rule")
	stop := errors.New("stop")
	err := s.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertRun(r); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("InTx: %v, want %v", err, stop)
	}
	if _, err := s.Run(t.Context(), r.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the run is there after a rollback: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.InTx(t.Context(), func(*store.Tx) error { panic("in a transaction") })
	}()
	inTx(t, s, func(tx *store.Tx) error { return tx.InsertRun(r) }) // the connection is free again
}

func TestChangesAreToldAfterCommit(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	var told []string
	s.OnChange(func(c store.Change) {
		// What is told can be read.
		told = append(told, fmt.Sprintf("%s %s", c.State, state(t, s, c.Run)))
	})
	r := insert(t, s, "rule")
	finish(t, s, r.ID, store.Succeeded)
	if got, want := strings.Join(told, ", "), "queued queued, running running, succeeded succeeded"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	_ = s.InTx(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.InsertRun(newRun(newID(), "rule")), context.Canceled)
	})
	if len(told) != 3 {
		t.Errorf("told of what was rolled back: %q", told)
	}
}
