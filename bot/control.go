package bot

import "context"

// Replay accepts a stored delivery again and returns the id of the new one. With again, what happened once may happen
// once more: new idempotency keys, and values of once_per are free.
func (b *Bot) Replay(ctx context.Context, delivery string, again bool) (string, error) {
	id, err := b.store.Replay(ctx, delivery, again)
	if err != nil {
		return "", err
	}
	b.dispatcher.take(id)
	return id, nil
}

// Cancel ends a run; a step under way is interrupted.
func (b *Bot) Cancel(ctx context.Context, run string) error { return b.engine.Cancel(ctx, run) }

// Retry runs a failed or cancelled run again from the step that failed.
func (b *Bot) Retry(ctx context.Context, run string) error { return b.engine.Retry(ctx, run) }
