package bot_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// told is an action that keeps what it is told and says hello.
type told struct {
	mu   sync.Mutex
	keys []string
}

type toldOut struct {
	Said string `json:"said" doc:"A greeting."`
}

func (*told) Spec() actions.Spec {
	return actions.Spec{ID: "test.note", Summary: "Keeps what it is told.", Effect: actions.None, Idempotent: true, Example: "uses: test.note"}
}

func (a *told) Run(_ context.Context, _ *actions.Runtime, in notedIn) (toldOut, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = append(a.keys, in.Key)
	return toldOut{Said: "hello"}, nil
}

func (a *told) sorted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.keys))
}

const upgradeRules = `version: 1
rules:
  - id: received
    on: discussion.create
    steps: [{uses: test.note, with: {key: received/a}}]
  - id: once
    on: discussion.create
    if: discussion.title == "again"
    once_per: '"used up"'
    steps: [{uses: test.note, with: {key: once/again}}]
`

// TestUpgrade opens what earlier releases left behind when they were killed: a delivery that was not matched, and a run in
// each state that a run can be in, each named like its rule. All of it must be finished, and no step that had ended be done
// again. The dumps in testdata/upgrade were made by the code of the commits they name, and are never made anew: that an
// old database still opens is the point. (Only its times were moved back by three years.)
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for name, restore := range map[string]func(t *testing.T, dump string) (url string){
		"sqlite-1":   restoreSQLite,
		"postgres-2": restorePostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dump, err := os.ReadFile(filepath.Join("testdata", "upgrade", name+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			testUpgrade(t, restore(t, string(dump)))
		})
	}
}

func restoreSQLite(t *testing.T, dump string) string {
	path := filepath.Join(t.TempDir(), "bot.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(dump); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func restorePostgres(t *testing.T, dump string) string {
	url := pgtest.Database(t, nil)
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://bot@/"), "?")
	pgtest.Shared(t).Exec(t, name, dump)
	return url
}

func testUpgrade(t *testing.T, database string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	action := &told{}
	b := serveUpgraded(ctx, t, database, action)
	runs := awaitRuns(ctx, t, b, 9, func(runs map[string]store.Run) bool { return runs["received"].State.Final() })
	want := map[string]store.RunState{
		"queued": store.Succeeded, "running": store.Succeeded, "grouped": store.Succeeded, "retry": store.Succeeded,
		"debounced": store.Succeeded, "cancelled": store.Cancelled, "failed": store.RunFailed, "once": store.Succeeded,
		"received": store.Succeeded,
	}
	got := map[string]store.RunState{}
	for rule, r := range runs {
		got[rule] = r.State
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	done := []string{
		"debounced/a", "debounced/b after hello", "debounced/c",
		"grouped/a", "grouped/b after hello", "grouped/c",
		"queued/a", "queued/b after hello", "queued/c",
		"received/a",
		"retry/b after hello", "retry/c",
		"running/b after hello", "running/c",
	}
	if diff := cmp.Diff(done, action.sorted()); diff != "" {
		t.Errorf("steps done after the upgrade (-want +got):\n%s", diff)
	}

	// What had failed can still be retried by hand, from the step that failed.
	if err := b.Retry(ctx, runs["failed"].ID); err != nil {
		t.Fatal(err)
	}
	awaitRuns(ctx, t, b, 9, func(runs map[string]store.Run) bool { return runs["failed"].State == store.Succeeded })
	// What once_per had used up is used up, and a webhook delivery that was there is known.
	body := strings.Replace(upgradeBody, "TITLE", "again", 1)
	again, duplicate, err := b.Accept(ctx, []byte(body), "hook-new", store.SourceWebhook)
	if err != nil || duplicate {
		t.Fatalf("accept: duplicate %t, %v", duplicate, err)
	}
	d, _, err := b.Settled(ctx, again)
	if err != nil || d.Verdicts["once"] != "skipped" {
		t.Errorf("verdicts %v, %v; want once skipped", d.Verdicts, err)
	}
	if _, duplicate, err = b.Accept(ctx, []byte(body), "hook-once", store.SourceWebhook); err != nil || !duplicate {
		t.Errorf("a delivery of before the upgrade: duplicate %t, %v", duplicate, err)
	}
	done = append(done, "failed/b after hello", "failed/c", "received/a") // the last for hook-new
	slices.Sort(done)
	if diff := cmp.Diff(done, action.sorted()); diff != "" {
		t.Errorf("steps done at the end (-want +got):\n%s", diff)
	}
}

const upgradeBody = `{"event":{"action":"create","scope":"discussion"},"repo":{"type":"model","name":"demo/tiny","id":"r1",
"private":false,"owner":{"id":"o1"}},"discussion":{"id":"d2","title":"TITLE","status":"open","num":8,"isPullRequest":false,
"author":{"id":"u1"}},"webhook":{"id":"w1","version":3}}`

// serveUpgraded starts a bot on a database, with the one action.
func serveUpgraded(ctx context.Context, t *testing.T, database string, action *told) *bot.Bot {
	t.Helper()
	server, err := emulator.New(emulator.Options{})
	if err == nil {
		err = server.Start(ctx, "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(upgradeRules), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := actions.NewRegistry()
	actions.Add(registry, action)
	b, err := bot.New(ctx, bot.Options{
		Endpoint: server.URL(), Token: "hf_hfbot", Rules: []string{rules}, Database: database, Listen: "127.0.0.1:0",
		WorkDir: dir, WebhookSecrets: []hub.Secret{"s3cret"}, Actions: registry, Log: zaptest.NewLogger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(serving) }()
	t.Cleanup(func() {
		stop()
		for _, err := range []error{<-served, b.Close(), server.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return b
}

// awaitRuns waits until there are so many runs, all over, and done says so, and returns them by rule.
func awaitRuns(ctx context.Context, t *testing.T, b *bot.Bot, count int, done func(map[string]store.Run) bool) map[string]store.Run {
	t.Helper()
	for tick := time.Tick(20 * time.Millisecond); ; {
		list, err := b.Store().Runs(ctx, store.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		over, byRule := true, map[string]store.Run{}
		for _, r := range list {
			over = over && r.State.Final()
			byRule[r.Rule] = r
		}
		if over && len(list) == count && done(byRule) {
			return byRule
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited too long; runs: %+v", list)
		case <-tick:
		}
	}
}
