package bot

import (
	"context"
	"time"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/webhook"
)

// pollSettled is how often Settled looks.
const pollSettled = 50 * time.Millisecond

// Accept takes a payload that did not come over HTTP into the pipeline, while the bot is served. It is kept durably, and
// one that was there already is a duplicate; source says where it comes from.
func (b *Bot) Accept(
	ctx context.Context, body []byte, webhookID string, source store.Source,
) (id string, duplicate bool, err error) {
	d := webhook.NewDelivery(body, webhookID, time.Now())
	d.Source = source
	return b.keep(ctx, d)
}

// Settled waits until a delivery is matched and its runs have ended, and returns both.
func (b *Bot) Settled(ctx context.Context, id string) (*store.Delivery, []store.Run, error) {
	tick := time.NewTicker(pollSettled)
	defer tick.Stop()
	for {
		delivery, runs, err := b.progress(ctx, id)
		if err != nil || runs != nil {
			return delivery, runs, err
		}
		select {
		case <-ctx.Done():
			return delivery, nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// progress reads a delivery and, once all has ended, its runs; they are nil before.
func (b *Bot) progress(ctx context.Context, id string) (*store.Delivery, []store.Run, error) {
	delivery, err := b.store.Delivery(ctx, id)
	if err != nil || delivery.State == store.Received {
		return delivery, nil, err
	}
	runs := []store.Run{}
	for _, runID := range delivery.Runs {
		r, err := b.store.Run(ctx, runID)
		if err != nil {
			return delivery, nil, err
		}
		if !r.State.Final() {
			return delivery, nil, nil
		}
		runs = append(runs, *r)
	}
	return delivery, runs, nil
}
