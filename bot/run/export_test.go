package run

import (
	"context"
	"time"
)

// RenewAll renews all leases as the heartbeat does, at the given time.
func (e *Engine) RenewAll(ctx context.Context, now time.Time) { e.renewAll(ctx, now) }
