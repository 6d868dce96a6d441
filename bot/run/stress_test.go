package run_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// shaky lets some transactions fail when the engine has done its part in them: those whose context says that they may.
type shaky struct{ *run.Engine }

type mayFail struct{}

func (s shaky) Enqueue(ctx context.Context, tx *store.Tx, runs ...string) error {
	err := s.Engine.Enqueue(ctx, tx, runs...)
	if ctx.Value(mayFail{}) != nil && rand.IntN(4) == 0 {
		err = errors.Join(err, errCommit)
	}
	return err
}

// trouble is an action that now and then panics, fails for good, or wants to be tried again at once, and tells when a run is
// worked twice at the same time.
type trouble struct {
	t      *testing.T
	mu     sync.Mutex
	active map[string]bool
}

func (a *trouble) do(ctx context.Context, rt *actions.Runtime, _ in) (out, error) {
	a.mu.Lock()
	if a.active[rt.Key] {
		a.t.Errorf("run %s is worked twice at the same time", rt.Key)
	}
	a.active[rt.Key] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.active, rt.Key)
	}()
	select {
	case <-ctx.Done():
		return out{}, ctx.Err()
	case <-time.After(time.Duration(rand.IntN(5)) * time.Millisecond):
	}
	switch rand.IntN(8) {
	case 0:
		panic("at the disco")
	case 1:
		return out{}, actions.RetryAfter(time.Millisecond, errors.New("busy"))
	case 2:
		return out{}, actions.Permanent(errors.New("no luck"))
	}
	return out{}, nil
}

// What becomes due while transactions fail, runs are cancelled, panic and wait, and one of two instances stops, is worked by one
// worker at a time until it is over; what was not written never begins; and no worker is lost.
func testEverythingAtOnce(t *testing.T, database database) {
	const senders, each = 6, 40
	path, action := database(t), &trouble{t: t, active: map[string]bool{}}
	acts := map[string]do{"test.trouble": action.do}
	bots := []*bot{newBot(t, path, acts, workers(3))}
	if !bots[0].store.Exclusive() {
		bots = append(bots, newBot(t, path, acts, workers(3)))
	}
	for _, b := range bots {
		b.awaitQuiet()
		b.store.UseTickets(shaky{b.engine})
	}
	kept := make(chan string, senders*each)
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for n := range each {
				b := bots[(i+n)%len(bots)]
				id, err := b.insertShaky()
				switch {
				case err == nil:
					kept <- id
				case !errors.Is(err, errCommit):
					t.Error(err)
				}
				if err == nil && rand.IntN(5) == 0 {
					if err := b.engine.Cancel(t.Context(), id); err != nil && !errors.Is(err, store.ErrState) {
						t.Error(err)
					}
				}
				if b == bots[0] && i == 0 && n == each/2 && len(bots) > 1 {
					if err := bots[1].engine.Stop(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	sending.Wait()
	close(kept)
	written := len(kept)
	for id := range kept {
		bots[0].awaitEnd(id)
	}
	var runs int
	if err := bots[0].store.DB().QueryRow(`SELECT count(*) FROM runs`).Scan(&runs); err != nil || runs != written {
		t.Errorf("%d runs, %v; want the %d that were written", runs, err, written)
	}
	for i, b := range bots {
		if i == 0 {
			b.awaitQuiet() // all its workers are free
		}
		if n := b.engine.Jobs(); n != 0 {
			t.Errorf("bot %d still renews %d leases", i, n)
		}
	}
}

// insertShaky keeps a delivery and a run, unless its transaction fails.
func (b *bot) insertShaky() (id string, err error) {
	delivery, err := accept(b.t.Context(), b.store)
	if err != nil {
		return "", err
	}
	r := &store.Run{ID: uuid.Must(uuid.NewV7()).String(), DeliveryID: delivery, Rule: "rule", Plan: store.Plan{
		Key: delivery, Steps: []store.StepPlan{{ID: "a", Uses: "test.trouble", Retry: store.Retry{Max: 20}}},
	}}
	ctx := context.WithValue(b.t.Context(), mayFail{}, true)
	return r.ID, b.store.InTx(ctx, func(tx *store.Tx) error { return tx.InsertRun(r) })
}
