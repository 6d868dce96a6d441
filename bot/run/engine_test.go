package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
)

const payload = `{
	"event": {"action": "update", "scope": "repo.content"},
	"repo": {"type": "model", "name": "acme/tiny", "id": "r1", "private": false, "headSha": "abc"},
	"updatedRefs": [{"ref": "refs/heads/main", "oldSha": "000", "newSha": "abc"}],
	"webhook": {"id": "w1", "version": 3}
}`

type in struct {
	Text string `json:"text" doc:"Some text."`
	N    int    `json:"n" doc:"A number."`
}

type out struct {
	Text string  `json:"text" doc:"Some text."`
	N    int     `json:"n" doc:"A number."`
	F    float64 `json:"f" doc:"A fraction."`
}

// act is an action that does what the test says.
type act struct {
	spec actions.Spec
	do   func(ctx context.Context, rt *actions.Runtime, in in) (out, error)
}

func (a act) Spec() actions.Spec { return a.spec }

func (a act) Run(ctx context.Context, rt *actions.Runtime, in in) (out, error) {
	return a.do(ctx, rt, in)
}

// do is what a test action does.
type do = func(ctx context.Context, rt *actions.Runtime, in in) (out, error)

// bot is an engine on a store.
type bot struct {
	t       *testing.T
	path    string
	store   *store.Store
	engine  *run.Engine
	opts    run.Options
	changed chan struct{} // some run changed since the last look
	logs    *observer.ObservedLogs
}

// newBot starts an engine on the database at path with these actions; those whose id begins with "test.once" are not
// idempotent.
func newBot(t *testing.T, path string, acts map[string]do, change ...func(*run.Options)) *bot {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return newBotOn(t, s, path, acts, change...)
}

// newBotOn starts an engine on an open store.
func newBotOn(t *testing.T, s *store.Store, path string, acts map[string]do, change ...func(*run.Options)) *bot {
	t.Helper()
	b := &bot{t: t, path: path, store: s, changed: make(chan struct{}, 1)}
	registry := actions.NewRegistry()
	for id, f := range acts {
		actions.Add(registry, act{actions.Spec{
			ID: id, Summary: "Does what the test says.", Effect: actions.None, Idempotent: id != "test.once",
			Secrets: []actions.SecretSpec{{Name: "token", Doc: "A token."}},
			Example: "uses: " + id,
		}, f})
	}
	core, logs := observer.New(zapcore.InfoLevel)
	b.logs = logs
	b.opts = run.Options{
		Store: s, Actions: registry, Log: zap.New(core), WorkDir: filepath.Join(t.TempDir(), "work"),
		OnChange: func(string) {
			select {
			case b.changed <- struct{}{}:
			default:
			}
		},
	}
	for _, f := range change {
		f(&b.opts)
	}
	var err error
	if b.engine, err = run.New(b.opts); err != nil {
		t.Fatal(err)
	}
	s.UseTickets(b.engine)
	if err := b.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

// close stops the bot gently; a second time it does nothing.
func (b *bot) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(b.engine.Stop(ctx), b.store.Close()); err != nil {
		b.t.Errorf("stop: %v", err)
	}
}

// insert keeps a delivery and a run of these steps.
func (b *bot) insert(steps ...store.StepPlan) string {
	b.t.Helper()
	return b.insertRun(&store.Run{Plan: store.Plan{Key: "root", Steps: steps}}, nil)
}

// insertRun keeps a delivery and a run; before is called in its transaction.
func (b *bot) insertRun(r *store.Run, before func(tx *store.Tx) error) string {
	b.t.Helper()
	delivery, err := accept(b.t.Context(), b.store)
	if err != nil {
		b.t.Fatal(err)
	}
	r.ID, r.DeliveryID, r.Rule = uuid.Must(uuid.NewV7()).String(), delivery, "rule"
	r.Repo, r.RepoType, r.RepoID, r.Ref, r.SHA = "acme/tiny", "model", "r1", "refs/heads/main", "abc"
	err = b.store.InTx(b.t.Context(), func(tx *store.Tx) error {
		if before != nil {
			if err := before(tx); err != nil {
				return err
			}
		}
		return tx.InsertRun(r)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.ID
}

// accept keeps a delivery and returns its id. On a machine that is busy with other tests it comes again, as senders do.
func accept(ctx context.Context, s *store.Store) (id string, err error) {
	hook := uuid.NewString()
	for {
		id, _, err = s.Accept(ctx, store.Delivery{WebhookID: hook, Key: hook, Body: []byte(payload)})
		if !errors.Is(err, store.ErrBusy) {
			return id, err
		}
	}
}

// await waits until a run is in a state and returns it.
func (b *bot) await(id string, want store.RunState) *store.Run {
	b.t.Helper()
	late := time.After(time.Minute)
	for {
		r, err := b.store.Run(context.Background(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if r.State == want {
			return r
		}
		if r.State.Final() && want.Final() {
			b.t.Fatalf("the run is %s (%s), want %s", r.State, r.Error, want)
		}
		select {
		case <-b.changed:
		case <-late:
			b.t.Fatalf("the run is still %s, want %s", r.State, want)
		}
	}
}

// wantSteps checks the states of a run's steps.
func wantSteps(t *testing.T, r *store.Run, want ...store.RunState) {
	t.Helper()
	for i, s := range r.Steps {
		if s.State != want[i] {
			t.Errorf("step %s is %s (%s), want %s", s.ID, s.State, s.Error, want[i])
		}
	}
}

type database func(t *testing.T) (url string)

// sqlite is a file of the test's own.
func sqlite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "bot.db")
}

// postgres is a database of the test's own, on the server that the tests share.
func postgres(t *testing.T) string {
	t.Helper()
	return pgtest.Database(t, func(url string) error {
		s, err := store.Open(context.Background(), url)
		if err != nil {
			return err
		}
		return s.Close()
	})
}

// echo answers with its inputs.
func echo(_ context.Context, _ *actions.Runtime, in in) (out, error) {
	return out{Text: in.Text, N: in.N, F: 1}, nil
}

// fail always fails.
func fail(context.Context, *actions.Runtime, in) (out, error) { return out{}, errors.New("no luck") }

func testRunSucceeds(t *testing.T, database database) {
	var dir string
	look := func(_ context.Context, rt *actions.Runtime, in in) (out, error) {
		dir = rt.Dir
		if entries, err := os.ReadDir(rt.Dir); err != nil || len(entries) != 0 {
			t.Errorf("the step's folder: %v, %v", entries, err)
		}
		if rt.Event.Repo.Name != "acme/tiny" || rt.SHA != "abc" || rt.Ref != "refs/heads/main" || rt.BotName != "hfbot" {
			t.Errorf("runtime: %+v", rt)
		}
		return out{Text: in.Text, N: in.N}, os.WriteFile(filepath.Join(rt.Dir, "x"), nil, 0o600)
	}
	b := newBot(t, database(t), map[string]do{"test.echo": echo, "test.look": look}, func(o *run.Options) {
		o.Bot = func() (string, string) { return "b1", "hfbot" }
	})
	id := b.insert(
		store.StepPlan{ID: "a", Uses: "test.echo", With: map[string]any{"text": "${{ repo.name }}", "n": 41}},
		store.StepPlan{
			ID: "b", Uses: "test.look", If: "steps.a.ok && steps.a.outputs.f == 1.0",
			With: map[string]any{"text": "got ${{ steps.a.outputs.text }}", "n": "${{ steps.a.outputs.n + 1 }}"},
		},
		store.StepPlan{ID: "#3", Uses: "test.echo", If: "failure()"},
	)
	r := b.await(id, store.Succeeded)
	wantSteps(t, r, store.Succeeded, store.Succeeded, store.Skipped)
	if got := r.Steps[1].Outputs; got["text"] != "got acme/tiny" || got["n"] != int64(42) {
		t.Errorf("outputs of b: %v", got)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the step's folder is left: %v", err)
	}
	b.close()
	lines := b.logs.FilterMessage("run finished").All()
	if len(lines) != 1 {
		t.Fatalf("%d log lines for a run", len(lines))
	}
	for field, want := range map[string]any{
		"delivery": r.DeliveryID, "rule": "rule", "run": id, "repo": "acme/tiny", "state": "succeeded",
	} {
		if got := lines[0].ContextMap()[field]; got != want {
			t.Errorf("log field %s: %v, want %v", field, got, want)
		}
	}
}

func testRunFails(t *testing.T, database database) {
	panics := func(context.Context, *actions.Runtime, in) (out, error) { panic("at the disco") }
	large := func(context.Context, *actions.Runtime, in) (out, error) {
		return out{Text: string(make([]byte, 2<<20))}, nil
	}
	slow := func(ctx context.Context, _ *actions.Runtime, _ in) (out, error) {
		<-ctx.Done()
		return out{}, ctx.Err()
	}
	b := newBot(t, database(t), map[string]do{
		"test.echo": echo, "test.fail": fail, "test.panics": panics, "test.large": large, "test.slow": slow,
	}, func(o *run.Options) { o.LookupEnv = func(string) (string, bool) { return "", false } })
	for name, c := range map[string]struct {
		step store.StepPlan
		want string // the run's error
	}{
		"error": {store.StepPlan{Uses: "test.fail"}, "step bad: no luck"},
		"panic": {store.StepPlan{Uses: "test.panics"}, "step bad: test.panics panicked: at the disco"},
		"timeout": {
			store.StepPlan{Uses: "test.slow", Timeout: 1},
			"step bad: step timed out after 1ns: context deadline exceeded",
		},
		"large outputs": {store.StepPlan{Uses: "test.large"}, "step bad: the step's outputs are larger than 1 MiB"},
		"infinite input": {
			store.StepPlan{Uses: "test.echo", With: map[string]any{"text": "${{ 1.0 / 0.0 }}"}},
			"step bad: with: the inputs cannot be kept: json: unsupported value: +Inf",
		},
		"no action": {store.StepPlan{Uses: "test.none"}, "step bad: this bot has no action test.none"},
		"no secret": {
			store.StepPlan{Uses: "test.echo", Secrets: map[string]string{"token": "NOT_SET"}},
			"step bad: secret token: the environment variable NOT_SET is not set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.step.ID = "bad"
			r := b.await(b.insert(c.step,
				store.StepPlan{ID: "next", Uses: "test.echo"},
				store.StepPlan{
					ID: "tell", Uses: "test.echo", If: "always()", With: map[string]any{"text": "${{ steps.bad.error }}"},
				},
			), store.RunFailed)
			wantSteps(t, r, store.RunFailed, store.Skipped, store.Succeeded)
			if r.Error != c.want {
				t.Errorf("error %q, want %q", r.Error, c.want)
			}
			if got := "step bad: " + r.Steps[2].Outputs["text"].(string); got != c.want {
				t.Errorf("a later step saw the error %q, want %q", got, c.want)
			}
		})
	}
}

func testContinueOnError(t *testing.T, database database) {
	b := newBot(t, database(t), map[string]do{"test.echo": echo, "test.fail": fail})
	r := b.await(b.insert(
		store.StepPlan{ID: "weak", Uses: "test.fail", ContinueOnError: true},
		store.StepPlan{ID: "next", Uses: "test.echo", With: map[string]any{"text": "${{ steps.weak.state }}"}},
	), store.Succeeded)
	wantSteps(t, r, store.RunFailed, store.Succeeded)
	if got := r.Steps[1].Outputs["text"]; got != "failed" {
		t.Errorf("the next step saw the state %q", got)
	}
}

// A run whose delivery is gone ends; it does not come back for ever.
func testDeliveryGone(t *testing.T, database database) {
	b := newBot(t, database(t), map[string]do{"test.echo": echo})
	r := &store.Run{
		ID: uuid.Must(uuid.NewV7()).String(), DeliveryID: "gone", Rule: "rule",
		Plan: store.Plan{Steps: []store.StepPlan{{ID: "a", Uses: "test.echo", If: "always()"}}},
	}
	if err := b.store.InTx(t.Context(), func(tx *store.Tx) error { return tx.InsertRun(r) }); err != nil {
		t.Fatal(err)
	}
	got := b.await(r.ID, store.RunFailed)
	if want := "its delivery cannot be read: delivery gone: store: not found"; got.Error != want {
		t.Errorf("error %q, want %q", got.Error, want)
	}
	wantSteps(t, got, store.Cancelled)
}

// A debounced run goes when its time has come, though nothing else happens.
func testDebouncedRunGoes(t *testing.T, database database) {
	b := newBot(t, database(t), map[string]do{"test.echo": echo})
	var ids []string
	for range 2 {
		r := &store.Run{Plan: store.Plan{Steps: []store.StepPlan{{ID: "a", Uses: "test.echo"}}}}
		ids = append(ids, b.insertRun(r, func(tx *store.Tx) error {
			return tx.Debounce(r, "key", 2*time.Second, time.Minute)
		}))
	}
	b.await(ids[0], store.Skipped)
	if r := b.await(ids[1], store.Succeeded); r.StartedAt.Sub(r.CreatedAt) < 2*time.Second {
		t.Errorf("it began %s after the event, before the quiet was over", r.StartedAt.Sub(r.CreatedAt))
	}
}

func TestNewChecksOptions(t *testing.T) {
	t.Parallel()
	if _, err := run.New(run.Options{}); err == nil {
		t.Error("an engine without a store was made")
	}
}
