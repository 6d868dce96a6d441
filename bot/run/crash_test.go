package run_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// diary notes what actions did, over the lives of several bots.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// note is an action that writes its text into the diary.
func (d *diary) note(_ context.Context, _ *actions.Runtime, in in) (out, error) {
	d.add(in.Text)
	return out{Text: in.Text}, nil
}

// block is an action that tells when it has begun, and waits for its context.
func block(begun chan<- string) do {
	return func(ctx context.Context, rt *actions.Runtime, _ in) (out, error) {
		begun <- rt.Key
		<-ctx.Done()
		return out{}, context.Cause(ctx)
	}
}

// threeSteps writes "one", does test.middle, and writes "three" and what "one" gave.
func threeSteps() []store.StepPlan {
	return []store.StepPlan{
		{ID: "a", Uses: "test.note", With: map[string]any{"text": "one"}},
		{ID: "b", Uses: "test.middle", Retry: store.Retry{Max: 1, Backoff: time.Hour}},
		{ID: "c", Uses: "test.note", With: map[string]any{"text": "three after ${{ steps.a.outputs.text }}"}},
	}
}

// The database is taken away in the middle of a step, so the engine can write nothing any more, as after kill -9. The
// next bot finishes the run: at once, without a retry counted, with the same key, and without doing step one again.
func TestCrashResume(t *testing.T) {
	t.Parallel()
	path, begun, notes := sqlite(t), make(chan string, 1), &diary{}
	first := newBot(t, path, map[string]do{"test.note": notes.note, "test.middle": block(begun)})
	id := first.insert(threeSteps()...)
	key := <-begun
	if err := first.store.Close(); err != nil {
		t.Fatal(err)
	}
	again := make(chan string, 1)
	second := newBot(t, path, map[string]do{
		"test.note":   notes.note,
		"test.middle": func(_ context.Context, rt *actions.Runtime, _ in) (out, error) { again <- rt.Key; return out{}, nil },
	})
	r := second.await(id, store.Succeeded)
	if got := <-again; got != key {
		t.Errorf("the idempotency key changed from %s to %s", key, got)
	}
	if want := []string{"one", "three after one"}; !slices.Equal(notes.lines, want) {
		t.Errorf("done: %q, want %q", notes.lines, want)
	}
	if s := r.Steps[1]; s.Failures != 0 || s.Attempt != 2 {
		t.Errorf("the step that was cut off: %d failures, %d attempts", s.Failures, s.Attempt)
	}
	attempts, err := second.store.Attempts(t.Context(), id)
	if err != nil || len(attempts) != 4 || attempts[1].State != "interrupted" {
		t.Errorf("attempts: %+v, %v", attempts, err)
	}
	lines, err := second.store.Logs(t.Context(), id, 0)
	told := slices.ContainsFunc(lines, func(l store.LogLine) bool { return strings.Contains(l.Message, "was cut off") })
	if err != nil || !told {
		t.Errorf("the log does not tell that an attempt was cut off: %+v, %v", lines, err)
	}
	kill(first)
}

// kill stops what is left of a bot whose database is gone.
func kill(b *bot) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = b.engine.Stop(ctx)
}

func testStopHandsOver(t *testing.T, database database) {
	path, begun, notes := database(t), make(chan string, 1), &diary{}
	first := newBot(t, path, map[string]do{"test.note": notes.note, "test.middle": block(begun)})
	id := first.insert(threeSteps()...)
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.engine.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	if r := first.await(id, store.Queued); r.Steps[1].State != store.Queued || r.Steps[1].Failures != 0 {
		t.Errorf("the interrupted step: %+v", r.Steps[1])
	}
	if err := first.store.Close(); err != nil {
		t.Fatal(err)
	}
	second := newBot(t, path, map[string]do{"test.note": notes.note, "test.middle": echo})
	second.await(id, store.Succeeded)
	if want := []string{"one", "three after one"}; !slices.Equal(notes.lines, want) {
		t.Errorf("done: %q, want %q", notes.lines, want)
	}
}

func testStopWaits(t *testing.T, database database) {
	begun, finish, closed := make(chan struct{}), make(chan struct{}), make(ending)
	b := newBot(t, database(t), map[string]do{"test.wait": func(_ context.Context, rt *actions.Runtime, _ in) (out, error) {
		rt.Shared.Get("test", func() io.Closer { return closed })
		close(begun)
		<-finish
		return out{}, nil
	}})
	id := b.insert(store.StepPlan{ID: "a", Uses: "test.wait"})
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- b.engine.Stop(context.Background()) }()
	close(finish)
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	b.await(id, store.Succeeded)
	select {
	case <-closed:
	default:
		t.Error("what steps share was not closed")
	}
}

// ending is closed when the bot ends.
type ending chan struct{}

// Close implements io.Closer.
func (e ending) Close() error {
	close(e)
	return nil
}

func testCancel(t *testing.T, database database) {
	begun, notes := make(chan string, 1), &diary{}
	b := newBot(t, database(t), map[string]do{"test.note": notes.note, "test.middle": block(begun)},
		// With so long a lease, a cancel that is only seen when the lease is renewed would come too late.
		func(o *run.Options) { o.Workers, o.Lease = 1, time.Hour })
	plan := append(threeSteps(), store.StepPlan{
		ID: "d", Uses: "test.note", If: "always()", With: map[string]any{"text": "${{ steps.b.state }}"},
	})
	running := b.insert(plan...)
	<-begun
	queued := b.insert(plan...)
	for _, id := range []string{queued, running} {
		if err := b.engine.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	r := b.await(running, store.Cancelled)
	wantSteps(t, r, store.Succeeded, store.Cancelled, store.Cancelled, store.Succeeded)
	wantSteps(t, b.await(queued, store.Cancelled), store.Cancelled, store.Cancelled, store.Cancelled, store.Cancelled)
	if want := []string{"one", "cancelled"}; !slices.Equal(notes.lines, want) {
		t.Errorf("done: %q, want %q", notes.lines, want)
	}
	if err := b.engine.Cancel(t.Context(), running); !errors.Is(err, store.ErrState) {
		t.Errorf("second cancel: %v, want ErrState", err)
	}
	// A cancelled run can be retried; it goes on where it was cancelled.
	if err := b.engine.Retry(t.Context(), running); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := b.engine.Cancel(t.Context(), running); err != nil {
		t.Fatal(err)
	}
	b.await(running, store.Cancelled)
}

// A worker that lost its lease stops at its next heartbeat and leaves the run to the one who has it.
func testLostLease(t *testing.T, database database) {
	begun, left := make(chan string, 2), make(chan error, 2)
	middle := func(ctx context.Context, rt *actions.Runtime, in in) (out, error) {
		o, err := block(begun)(ctx, rt, in)
		left <- err
		return o, err
	}
	b := newBot(t, database(t), map[string]do{"test.middle": middle})
	id := b.insert(store.StepPlan{ID: "b", Uses: "test.middle"})
	<-begun
	err := b.store.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.TakeOrphans(0, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-begun // the same bot takes it up again
	if err := <-left; !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("the first worker's step ended with %v", err)
	}
	if err := b.engine.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r := b.await(id, store.Cancelled)
	if r.Steps[0].Attempt != 2 {
		t.Errorf("%d attempts, want 2", r.Steps[0].Attempt)
	}
}

// While another instance has the run, the heartbeat says so, and the worker here leaves it alone.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	begun, left := make(chan string, 1), make(chan error, 1)
	middle := func(ctx context.Context, rt *actions.Runtime, in in) (out, error) {
		o, err := block(begun)(ctx, rt, in)
		left <- err
		return o, err
	}
	b := newBot(t, sqlite(t), map[string]do{"test.middle": middle})
	id := b.insert(store.StepPlan{ID: "b", Uses: "test.middle"})
	<-begun
	b.engine.RenewAll(t.Context())
	b.store.UseTickets(nil) // the run's next ticket goes to another instance
	var others []store.Claimed
	err := b.store.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.TakeOrphans(0, 10)
		if err != nil {
			return err
		}
		others, err = tx.Claim([]string{id}, "other", time.Now().Add(time.Hour))
		return err
	})
	if err != nil || len(others) != 1 {
		t.Fatalf("the run was not taken over: %v", err)
	}
	b.engine.RenewAll(t.Context())
	if err := <-left; !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("the step ended with %v", err)
	}
	b.close()
	s, err := store.Open(t.Context(), b.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	err = s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishRun(others[0].Lease, store.Succeeded, "") })
	if err != nil {
		t.Errorf("the other instance lost its lease: %v", err)
	}
}

// Many deliveries for one concurrency group run one at a time and in order, however many workers there are.
func testGroupRunsInOrder(t *testing.T, database database) {
	const runs = 30
	notes, active := &diary{}, make(chan struct{}, 1)
	note := func(ctx context.Context, rt *actions.Runtime, in in) (out, error) {
		select {
		case active <- struct{}{}:
			defer func() { <-active }()
		default:
			t.Error("two runs of a group at the same time")
		}
		return notes.note(ctx, rt, in)
	}
	b := newBot(t, database(t), map[string]do{"test.note": note})
	var want []string
	var last string
	for range runs {
		r := &store.Run{Plan: store.Plan{Steps: []store.StepPlan{{
			ID: "a", Uses: "test.note", With: map[string]any{"text": "${{ delivery.id }}"},
		}}}}
		last = b.insertRun(r, func(tx *store.Tx) error {
			if err := tx.Lock(store.Keys{Group: "g"}); err != nil {
				return err
			}
			_, err := tx.JoinGroup(r, "g", "queue")
			return err
		})
		want = append(want, r.DeliveryID)
	}
	b.await(last, store.Succeeded)
	if !slices.Equal(notes.lines, want) {
		t.Errorf("the runs went in the order %v, want %v", notes.lines, want)
	}
}
