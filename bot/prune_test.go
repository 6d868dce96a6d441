package bot

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// history is a store with a delivery for each hour of some days, all of them over.
func history(t *testing.T, days int, ahead *atomic.Int64) *store.Store {
	t.Helper()
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s, err := store.Open(t.Context(), "sqlite::memory:", store.WithClock(clock))
	if err != nil {
		t.Fatal(err)
	}
	for range days * 24 {
		id, _, err := s.Accept(t.Context(), store.Delivery{Key: time.Now().String(), Body: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishMatch(id, nil, nil, "") }); err != nil {
			t.Fatal(err)
		}
		// Ids tell the time, but never one before that of an id made in another test, by the clock of this machine.
		ms := fmt.Sprintf("%012x", time.Now().UnixMilli())
		_, err = s.DB().ExecContext(t.Context(), `UPDATE deliveries SET id = ? WHERE id = ?`, ms[:8]+"-"+ms[8:]+"-7000-8000-"+ms, id)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
	}
	return s
}

// left counts the deliveries.
func left(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM deliveries`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A clock that is set ahead by months costs one day of the history in an hour, and no more once it is right again.
func TestPruneClockAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64 // nanoseconds
		s := history(t, 20, &ahead)
		p := pruner{store: s, log: zaptest.NewLogger(t), keepFor: 30 * 24 * time.Hour}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); p.serve(ctx) }()
		check := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if n := left(t, s); n != want {
				t.Errorf("%s: %d deliveries are left, want %d", when, n, want)
			}
		}
		time.Sleep(2 * time.Hour)
		check("all are young", 20*24)
		ahead.Store(int64(180 * 24 * time.Hour))
		time.Sleep(time.Hour)
		check("an hour after the clock was set", 19*24)
		ahead.Store(0)
		time.Sleep(time.Hour)
		check("with the right clock", 19*24)
		time.Sleep(20*24*time.Hour - 4*time.Hour + 30*time.Minute)
		check("when the half is old", 10*24-1)
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// While much is pruned, what comes in is kept between two batches, and both are of bounded size.
func TestPruneKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite::memory:", "postgres": pgtest.Database(t, nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			const old, kept = 2*store.PruneBatch + 50, 10
			var all sync.WaitGroup
			for i := range old {
				all.Go(func() {
					id, _, err := s.Accept(t.Context(), store.Delivery{Key: fmt.Sprint(i), Body: []byte(`{}`)})
					if err == nil {
						err = s.InTx(t.Context(), func(tx *store.Tx) error { return tx.FinishMatch(id, nil, nil, "") })
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			var came []string
			had := old
			p := pruner{store: s, log: zaptest.NewLogger(t), keepNewest: kept, between: func() {
				if n := left(t, s); had-n != store.PruneBatch {
					t.Errorf("a batch removed %d deliveries, want %d", had-n, store.PruneBatch)
				}
				id, _, err := s.Accept(t.Context(), store.Delivery{Key: fmt.Sprint("new", len(came)), Body: []byte(`{}`)})
				if err != nil {
					t.Errorf("while deliveries are removed: %v", err)
				}
				came, had = append(came, id), left(t, s)
			}}
			if err := p.round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := left(t, s); len(came) != 2 || n != kept {
				t.Errorf("%d came in between, %d are left; want 2, %d", len(came), n, kept)
			}
			for _, id := range came {
				if d, err := s.Delivery(t.Context(), id); err != nil || d.State != store.Received {
					t.Errorf("what came in meanwhile: %+v, %v", d, err)
				}
			}
		})
	}
}
