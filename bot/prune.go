package bot

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	pruneEvery = 10 * time.Minute
	prunePause = 200 * time.Millisecond // between batches, which deliveries and runs go through
	// pruneSpan is the most that a round takes off the old end of the history for its age: a day in an hour. However far
	// ahead a clock is set, there is time to see it and to set it right.
	pruneSpan = 4 * time.Hour
)

// pruner removes old deliveries with their runs.
type pruner struct {
	store      *store.Store
	log        *zap.Logger
	keepFor    time.Duration // 0: whatever their age
	keepNewest int           // 0: whatever their number
	between    func()        // called between batches, by tests; nil otherwise
}

// serve removes what is old, now and then, until ctx ends. It begins late, so that a bot that starts again and again with
// a wrong clock removes nothing for its age.
func (p pruner) serve(ctx context.Context) {
	if p.keepFor <= 0 && p.keepNewest <= 0 {
		return
	}
	for pause(ctx, pruneEvery) {
		if err := p.round(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("old deliveries not removed", zap.Error(err))
		}
	}
}

// round removes what is old by now, in batches.
func (p pruner) round(ctx context.Context) error {
	before, err := p.before(ctx)
	for err == nil {
		var n int
		n, err = p.store.Prune(ctx, before, p.keepNewest)
		if n < store.PruneBatch || !pause(ctx, prunePause) {
			return err
		}
		if p.between != nil {
			p.between()
		}
	}
	return err
}

// before is the time before which deliveries are too old in this round; zero for none.
func (p pruner) before(ctx context.Context) (time.Time, error) {
	if p.keepFor <= 0 {
		return time.Time{}, nil
	}
	oldest, err := p.store.OldestOver(ctx)
	if err != nil || oldest.IsZero() {
		return time.Time{}, err
	}
	before := p.store.Now().Add(-p.keepFor)
	if bound := oldest.Add(pruneSpan); before.After(bound) {
		before = bound
	}
	return before, nil
}

// pause waits; it returns false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
