package dashboard

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
)

// TestStatsAreFresh: a look waits for what has happened since the last one, but not for what is a moment old.
func TestStatsAreFresh(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, stop := context.WithCancel(t.Context())
	now := time.Now()
	counted := make(chan struct{}, 10)
	s := newStats(ctx, Options{Store: db, Log: zap.NewNop(), Now: func() time.Time { return now }}, func() { counted <- struct{}{} })
	defer s.wait()
	defer stop()
	<-counted
	see := func(want int64, what string) {
		t.Helper()
		var got int64
		for _, p := range s.now(ctx).Parts[spans[0].Name] {
			got += p.Deliveries
		}
		if got != want {
			t.Errorf("%s: %d deliveries, want %d", what, got, want)
		}
	}
	for _, key := range []string{"a", "b"} {
		if _, _, err := db.Accept(ctx, store.Delivery{Key: key, Body: []byte(key)}); err != nil {
			t.Fatal(err)
		}
	}
	see(0, "counted a moment ago")
	now = now.Add(statsOld + time.Millisecond)
	s.patience = time.Minute
	see(2, "counted anew")
}

func TestCountsGrowOld(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	for took, old := range map[time.Duration]time.Duration{
		time.Millisecond: time.Second, 100 * time.Millisecond: 2 * time.Second, time.Minute: 5 * time.Second,
	} {
		c := &counts{Taken: now, Took: took}
		if c.old(now.Add(old)) || !c.old(now.Add(old+1)) {
			t.Errorf("counts that took %s are not old after %s", took, old)
		}
	}
}
