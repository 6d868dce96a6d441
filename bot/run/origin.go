package run

import (
	"context"

	"github.com/hfbot/hfbot/bot/store"
)

// Origin is the run for which something is done on the Hub.
type Origin struct{ Run, Rule, RepoID string }

type originKey struct{}

// withOrigin lets whoever observes the Hub client's writes know the run that makes them.
func withOrigin(ctx context.Context, r *store.Run) context.Context {
	return context.WithValue(ctx, originKey{}, Origin{Run: r.ID, Rule: r.Rule, RepoID: r.RepoID})
}

// OriginOf returns the run whose action was given ctx; its zero value outside of runs.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
