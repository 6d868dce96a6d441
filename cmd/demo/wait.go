package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// settled is how long nothing may move before the demo believes that all is done: longer than the Hub takes to
// deliver what the bot's last act caused.
const settled = 300 * time.Millisecond

// Wait returns when every delivery has been sent and matched and every run has ended, or with ctx.
func (d *Demo) Wait(ctx context.Context) error {
	quiet := time.Now()
	for tick := time.Tick(20 * time.Millisecond); ; {
		busy, err := d.busy(ctx)
		switch {
		case err != nil:
			return err
		case busy != "":
			quiet = time.Now()
		case time.Since(quiet) > settled:
			return nil
		}
		select {
		case err := <-d.stopped:
			d.stopped <- err // for Close
			return fmt.Errorf("the bot stopped: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("waited too long for %s: %w", busy, ctx.Err())
		case <-tick:
		}
	}
}

// busy names something that is still under way, or is "".
func (d *Demo) busy(ctx context.Context) (string, error) {
	deliveries, err := d.Bot.Store().Deliveries(ctx, store.Filter{Limit: 100})
	if err != nil {
		return "", err
	}
	if len(deliveries) == 0 {
		return "the first delivery", nil
	}
	for _, delivery := range deliveries {
		if delivery.State == store.Received {
			return "delivery " + delivery.ID + " to be matched", nil
		}
	}
	runs, err := d.Bot.Store().Runs(ctx, store.Filter{Limit: 100})
	if err != nil {
		return "", err
	}
	ended := 0
	for _, r := range runs {
		if !r.State.Final() {
			return "run " + r.ID + " of " + r.Rule, nil
		}
		ended++
	}
	if want := len(d.Bot.Rules().Rules); ended < want {
		return fmt.Sprintf("%d more run(s) to begin", want-ended), nil
	}
	return "", nil
}
