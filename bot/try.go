package bot

import (
	"context"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// Try tells what the first rule would make of a payload, with facts from the Hub; nothing is kept or done. What only
// the history knows, such as once_per, does not count.
func (b *Bot) Try(ctx context.Context, body []byte) (rule.Outcome, error) {
	p, err := hub.ParsePayload(body)
	if err != nil {
		return rule.Outcome{}, err
	}
	outcomes := b.rules.current().Match(ctx, rule.Delivery{ID: "explain", Body: body, Payload: p}, b.dispatcher.factsFor(p))
	if len(outcomes) == 0 {
		return rule.Outcome{}, nil
	}
	return outcomes[0], outcomes[0].Err
}
