package run

import (
	"errors"
	"net/http"
	"slices"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// errDryRun is what an action gets that tries to write in a dry run.
var errDryRun = errors.New("a dry run stopped a write that the action should not have tried")

// dryRun tells whether the steps are to have no effect.
func (x *execution) dryRun() bool { return x.engine.opts.DryRun || x.run.Plan.DryRun }

// markDry notes on the run that it is a dry one, for all who show it, when it is not the rule but the bot that wants no
// effects. A run that had begun with effects keeps the mark of what it did.
func (e *Engine) markDry(tx *store.Tx, l *store.Lease, r *store.Run) error {
	begun := slices.ContainsFunc(r.Steps, func(s store.Step) bool { return s.State != store.Queued })
	if !e.opts.DryRun || r.Plan.DryRun || begun {
		return nil
	}
	r.Plan.DryRun = true
	return tx.WritePlan(l, r.Plan)
}

// carriers are the clients that an action gets. Those of a dry run read only, also where the action forgot that it is one.
func (x *execution) carriers() (*hub.Client, *http.Client) {
	client, web := x.engine.opts.Hub, x.engine.opts.HTTP
	if !x.dryRun() {
		return x.resumeUploads(client), web
	}
	if client != nil {
		client = client.ReadOnly()
	}
	if web != nil {
		reader := *web
		reader.Transport = readOnly{web.Transport}
		web = &reader
	}
	return client, web
}

// readOnly refuses calls that may change something.
type readOnly struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (r readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return nil, actions.Permanent(errDryRun)
	}
	next := r.next
	if next == nil {
		next = http.DefaultTransport
	}
	return next.RoundTrip(req)
}
