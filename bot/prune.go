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
)

// prune removes old deliveries with their runs, now and then, until ctx ends.
func (b *Bot) prune(ctx context.Context) {
	if b.opts.KeepFor <= 0 && b.opts.KeepNewest <= 0 {
		return
	}
	timer := time.NewTimer(prunePause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		var before time.Time
		if b.opts.KeepFor > 0 {
			before = b.store.Now().Add(-b.opts.KeepFor)
		}
		n, err := b.store.Prune(ctx, before, b.opts.KeepNewest)
		if err != nil && ctx.Err() == nil {
			b.log.Error("old deliveries not removed", zap.Error(err))
		}
		next := pruneEvery
		if n == store.PruneBatch {
			next = prunePause
		}
		timer.Reset(next)
	}
}
