package run

import "context"

// Origin is the run for which something is done on the Hub.
type Origin struct{ Run, Rule, RepoID string }

type originKey struct{}

// origin is an Origin, and what tells whether the run still belongs to the worker that does it.
type origin struct {
	Origin
	mayWrite func() error
}

// withOrigin lets whoever observes or carries the Hub client's writes know the run that makes them.
func (x *execution) withOrigin(ctx context.Context) context.Context {
	return context.WithValue(ctx, originKey{}, origin{
		Origin:   Origin{Run: x.run.ID, Rule: x.run.Rule, RepoID: x.run.RepoID},
		mayWrite: func() error { return x.engine.mayWrite(x.job) },
	})
}

// OriginOf returns the run whose action was given ctx; its zero value outside of runs.
func OriginOf(ctx context.Context) Origin { return originOf(ctx).Origin }

func originOf(ctx context.Context) origin {
	o, _ := ctx.Value(originKey{}).(origin)
	return o
}
