package builtin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// endFor is how long ending what a step started elsewhere may take.
const endFor = 10 * time.Second

// ifCancelled ends what a step started elsewhere, when the step's run was cancelled, by a person or by a newer run. What
// was started by a step that only was cut off, as when the bot stops, goes on: the next attempt waits for it.
func ifCancelled(ctx context.Context, what string, end func(context.Context) error) error {
	if !errors.Is(context.Cause(ctx), actions.ErrCancelled) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endFor)
	defer cancel()
	if err := end(ctx); err != nil {
		return fmt.Errorf("end %s of the cancelled run: %w", what, err)
	}
	return nil
}
