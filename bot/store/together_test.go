package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// Calls of InTx that come together share a transaction, and still each stands or falls alone: what one does, fails to do,
// or breaks for all is as if it had been alone.
func TestInTxTogether(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("its own mistake")
	mark := func(tx *store.Tx, name string) error {
		_, err := tx.SQL().Exec(`INSERT INTO marks VALUES (?)`, name)
		return err
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		part     func(tx *store.Tx) error
		want     error
		panics   bool
		isMarked bool
	}{
		{name: "writes", part: func(tx *store.Tx) error { return mark(tx, "odd") }, isMarked: true},
		{name: "fails", part: func(tx *store.Tx) error { return errors.Join(mark(tx, "odd"), errOwn) }, want: errOwn},
		{name: "panics", part: func(tx *store.Tx) error { panic(mark(tx, "odd")) }, panics: true},
		{name: "is cancelled", ctx: cancelled, part: func(tx *store.Tx) error { return mark(tx, "odd") }, want: context.Canceled},
		{name: "loses the whole transaction, as a full disk does", part: func(tx *store.Tx) error {
			_, err := tx.SQL().Exec(`ROLLBACK`)
			return errors.Join(err, errOwn)
		}, want: errOwn},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := sqlite.open(t)
			if _, err := s.DB().Exec(`CREATE TABLE marks (name TEXT NOT NULL)`); err != nil {
				t.Fatal(err)
			}
			const neighbours = 20
			var written atomic.Int64 // neighbours that were told of their commit
			entered, release := make(chan struct{}), make(chan struct{})
			enter := sync.OnceFunc(func() { close(entered) })
			var all sync.WaitGroup
			all.Go(func() {
				if err := s.InTx(t.Context(), func(tx *store.Tx) error {
					enter()
					<-release
					return mark(tx, "first")
				}); err != nil {
					t.Errorf("the first: %v", err)
				}
			})
			<-entered
			for i := range neighbours {
				all.Go(func() {
					if err := s.InTx(t.Context(), func(tx *store.Tx) error {
						tx.OnEnd(func(committed bool) {
							if committed {
								written.Add(1)
							}
						})
						return mark(tx, fmt.Sprint(i))
					}); err != nil {
						t.Errorf("neighbour %d: %v", i, err)
					}
				})
			}
			all.Go(func() {
				ctx := c.ctx
				if ctx == nil {
					ctx = t.Context()
				}
				defer func() {
					if r := recover(); (r != nil) != c.panics {
						t.Errorf("panics: %v", r)
					}
				}()
				if err := s.InTx(ctx, c.part); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
			for store.Line(s) < neighbours+2 {
				time.Sleep(time.Millisecond)
			}
			close(release)
			all.Wait()
			if n := written.Load(); n != neighbours {
				t.Errorf("%d of %d neighbours were told that they are written", n, neighbours)
			}
			var marks int
			var odd bool
			err := s.DB().QueryRow(`SELECT count(*), coalesce(max(name = 'odd'), 0) FROM marks`).Scan(&marks, &odd)
			want := neighbours + 1
			if c.isMarked {
				want++
			}
			if err != nil || marks != want || odd != c.isMarked {
				t.Errorf("%d marks, odd %v, %v; want %d, %v", marks, odd, err, want, c.isMarked)
			}
		})
	}
}

// A transaction that cannot be committed fails everybody in it, each with the reason.
func TestInTxTogetherClosed(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := s.InTx(t.Context(), func(*store.Tx) error { t.Error("called"); return nil })
	if err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
}
