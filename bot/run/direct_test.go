package run_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// tickets is how many tickets were issued.
func (b *bot) tickets() (n int) {
	b.t.Helper()
	if err := b.store.DB().QueryRow(`SELECT count(*) FROM river_job`).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// awaitQuiet waits until the queue was looked into and has nothing, so that runs may begin at once: then a run leaves no ticket.
func (b *bot) awaitQuiet() {
	b.t.Helper()
	late := time.After(time.Minute)
	for !b.engine.Quiet() {
		select {
		case <-time.After(time.Millisecond):
		case <-late:
			b.t.Fatal("the queue is never quiet")
		}
	}
}

// workers gives a bot so many.
func workers(n int) func(*run.Options) { return func(o *run.Options) { o.Workers = n } }

// stuck is an action that tells when it begins and goes on until it is released or ended.
type stuck struct{ begun, release chan string }

func newStuck() stuck { return stuck{make(chan string, 100), make(chan string)} }

func (s stuck) do(ctx context.Context, _ *actions.Runtime, in in) (out, error) {
	s.begun <- in.Text
	select {
	case <-s.release:
		return out{}, nil
	case <-ctx.Done():
		return out{}, context.Cause(ctx)
	}
}

// step is a step of this action.
func (stuck) step(text string) store.StepPlan {
	return store.StepPlan{ID: "a", Uses: "test.stuck", With: map[string]any{"text": text}}
}

// A run begins without a ticket while a worker is free, and with one otherwise; the tickets then go in their order.
func testBeginsAtOnce(t *testing.T, database database) {
	s := newStuck()
	b := newBot(t, database(t), map[string]do{"test.stuck": s.do}, workers(1))
	b.awaitQuiet()
	first := b.insert(s.step("1"))
	if got := <-s.begun; got != "1" || b.tickets() != 0 {
		t.Errorf("run %s began, %d tickets; want run 1 without any", got, b.tickets())
	}
	ids := []string{first, b.insert(s.step("2")), b.insert(s.step("3"))}
	if n := b.tickets(); n != 2 {
		t.Errorf("%d tickets for two runs without a worker", n)
	}
	for i, id := range ids {
		s.release <- ""
		b.await(id, store.Succeeded)
		if i == 2 {
			break
		}
		if got, want := <-s.begun, []string{"2", "3"}[i]; got != want {
			t.Errorf("run %s is next, want %s", got, want)
		}
	}
	for tries := 1; ; tries++ { // news of a ticket may come when that was used already, and then the next run gets one, too
		b.awaitQuiet()
		before := b.tickets()
		id := b.insert(s.step("4"))
		if got := <-s.begun; got != "4" {
			t.Errorf("run %s began, want run 4", got)
		}
		issued := b.tickets() - before
		s.release <- ""
		b.await(id, store.Succeeded)
		if issued == 0 {
			break
		}
		if tries == 5 {
			t.Fatalf("%d runs got tickets, though a worker was free", tries)
		}
	}
}

// However many runs become due from however many sides, a process works no more of them at a time than it has workers, and
// works each once.
func testWorkersAreBound(t *testing.T, database database) {
	const most, senders, each = 3, 6, 15
	var active, worst atomic.Int64
	var mu sync.Mutex
	worked := map[string]int{}
	work := func(_ context.Context, rt *actions.Runtime, _ in) (out, error) {
		if n := active.Add(1); n > worst.Load() {
			worst.Store(n)
		}
		mu.Lock()
		worked[rt.Key]++
		mu.Unlock()
		time.Sleep(time.Millisecond)
		active.Add(-1)
		return out{}, nil
	}
	b := newBot(t, database(t), map[string]do{"test.work": work}, workers(most))
	b.awaitQuiet()
	ids := make(chan string, senders*each)
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for range each {
				key := uuid.NewString()
				ids <- b.insertRun(&store.Run{Plan: store.Plan{Key: key, Steps: []store.StepPlan{{ID: "a", Uses: "test.work"}}}}, nil)
			}
		})
	}
	sending.Wait()
	close(ids)
	for id := range ids {
		b.await(id, store.Succeeded)
	}
	if n := b.tickets(); n == 0 || n >= senders*each {
		t.Errorf("%d of %d runs had a ticket; the test wants some of both", n, senders*each)
	}
	if worst.Load() > most {
		t.Errorf("%d runs at a time, want at most %d", worst.Load(), most)
	}
	if len(worked) != senders*each {
		t.Errorf("%d runs were worked, want %d", len(worked), senders*each)
	}
	for key, n := range worked {
		if n != 1 {
			t.Errorf("run %s was worked %d times", key, n)
		}
	}
}

// failing lets the transaction fail after the engine has done its part, as a commit that does not go through.
type failing struct {
	*run.Engine
	err error
}

var errCommit = errors.New("the disk is full")

func (f failing) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	return errors.Join(f.Engine.Enqueue(ctx, tx, runs...), f.err)
}

// Of a transaction that is not written nothing begins, and its workers are free again.
func testRollbackBeginsNothing(t *testing.T, database database) {
	s := newStuck()
	b := newBot(t, database(t), map[string]do{"test.stuck": s.do}, workers(1))
	b.awaitQuiet()
	b.store.UseTickets(failing{b.engine, errCommit})
	lost := &store.Run{ID: uuid.NewString(), DeliveryID: "d", Plan: store.Plan{Steps: []store.StepPlan{s.step("lost")}}}
	err := b.store.InTx(t.Context(), func(tx *store.Tx) error { return tx.InsertRun(lost) })
	if !errors.Is(err, errCommit) {
		t.Errorf("got %v", err)
	}
	b.store.UseTickets(b.engine)
	b.engine.RenewAll(t.Context())
	id := b.insert(s.step("next"))
	if got := <-s.begun; got != "next" || b.tickets() != 0 {
		t.Errorf("run %s began, %d tickets; want the next one without any", got, b.tickets())
	}
	s.release <- ""
	b.await(id, store.Succeeded)
	if len(s.begun) != 0 {
		t.Errorf("run %s began, too", <-s.begun)
	}
}

// The heartbeat may look while the transaction that claims a run is still open, and the database knows nothing of it.
func testHeartbeatBeforeCommit(t *testing.T, database database) {
	s := newStuck()
	b := newBot(t, database(t), map[string]do{"test.stuck": s.do})
	b.awaitQuiet()
	looked := b.store.Exclusive() // there one transaction writes at a time
	b.store.UseTickets(afterwards{b.engine, func() {
		if !looked {
			b.engine.RenewAll(t.Context())
			looked = true
		}
	}})
	id := b.insert(s.step("1"))
	<-s.begun
	s.release <- ""
	b.await(id, store.Succeeded)
	if lost := b.logs.FilterMessageSnippet("its lease is lost").Len(); lost != 0 || !looked {
		t.Errorf("left %d times, looked %v", lost, looked)
	}
}

// afterwards does something after the engine has claimed, before the commit.
type afterwards struct {
	*run.Engine
	f func()
}

func (a afterwards) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	err := a.Engine.Enqueue(ctx, tx, runs...)
	a.f()
	return err
}

// While the bot stops, runs that become due are left for the next one. Those under way are waited for, and then interrupted.
func testStopBeginsNothing(t *testing.T, database database) {
	s, path := newStuck(), database(t)
	b := newBot(t, path, map[string]do{"test.stuck": s.do}, workers(4))
	b.awaitQuiet()
	waited, interrupted := b.insert(s.step("1")), b.insert(s.step("2"))
	<-s.begun
	<-s.begun
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- b.engine.Stop(ctx) }()
	for b.engine.Open() {
		time.Sleep(time.Millisecond)
	}
	late := b.insert(s.step("3"))
	s.release <- ""
	cancel()
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	states := map[store.RunState]int{}
	for _, id := range []string{waited, interrupted, late} {
		r, err := b.store.Run(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		states[r.State]++
	}
	if states[store.Succeeded] != 1 || states[store.Queued] != 2 || len(s.begun) != 0 {
		t.Errorf("runs by state %v, %d more begun; want one succeeded and two queued", states, len(s.begun))
	}
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	next := newBot(t, path, map[string]do{"test.stuck": s.do})
	for range 2 {
		<-s.begun
		s.release <- ""
	}
	for _, id := range []string{waited, interrupted, late} {
		next.await(id, store.Succeeded)
	}
}

// What one instance has no worker for, another one that is idle does at once, and not when the busy one has time again.
func TestIdleInstanceTakesTickets(t *testing.T) {
	t.Parallel()
	s, path := newStuck(), postgres(t)
	var at sync.Map
	named := func(name string) map[string]do {
		return map[string]do{"test.stuck": func(ctx context.Context, rt *actions.Runtime, in in) (out, error) {
			at.Store(in.Text, name)
			return s.do(ctx, rt, in)
		}}
	}
	busy := newBot(t, path, named("busy"), workers(1))
	idle := newBot(t, path, named("idle"), workers(8))
	busy.awaitQuiet()
	idle.awaitQuiet()
	busy.insert(s.step("0"))
	<-s.begun
	for _, text := range []string{"1", "2", "3"} {
		began := time.Now()
		busy.insert(s.step(text))
		if got := <-s.begun; got != text || time.Since(began) > 5*time.Second {
			t.Errorf("run %s began after %s, want %s", got, time.Since(began), text)
		}
	}
	for text, want := range map[string]string{"0": "busy", "1": "idle", "2": "idle", "3": "idle"} {
		if got, _ := at.Load(text); got != want {
			t.Errorf("run %s is at the %v one, want the %s one", text, got, want)
		}
	}
	for range 4 {
		s.release <- ""
	}
}

// A cancel reaches the instance that works the run within a second, whichever one was asked and however the run began.
func TestCancelAcrossInstances(t *testing.T) {
	t.Parallel()
	s, path := newStuck(), postgres(t)
	// With so long a lease, a cancel that is only seen with a heartbeat would come too late.
	long := func(o *run.Options) { o.Lease = time.Hour }
	works := newBot(t, path, map[string]do{"test.stuck": s.do}, long)
	works.awaitQuiet()
	tickets := newBot(t, path, map[string]do{"test.stuck": s.do}, long)
	tickets.awaitQuiet()
	if err := tickets.engine.Stop(t.Context()); err != nil { // from here on what it makes due has a ticket
		t.Fatal(err)
	}
	for name, from := range map[string]*bot{"begun at once": works, "by a ticket": tickets} {
		before := works.tickets()
		id := from.insert(s.step(name))
		<-s.begun
		if issued := works.tickets() - before; (issued == 0) != (from == works) {
			t.Errorf("%s: %d tickets", name, issued)
		}
		began := time.Now()
		if err := tickets.engine.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		r := works.await(id, store.Cancelled)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: it was cancelled after %s", name, took)
		}
		wantSteps(t, r, store.Cancelled)
	}
}
