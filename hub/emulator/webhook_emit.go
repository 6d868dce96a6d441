package emulator

import (
	"context"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// repoEvent tells all webhooks that want it about an event of a repository. more adds what the event carries besides
// the repository; it may be nil. Only the log names actor: payloads do not tell who did it, as on the Hub.
func (s *Server) repoEvent(r *repo, actor *account, action, scope string, more func(*hub.Payload)) {
	p := &hub.Payload{Event: hub.Event{Action: action, Scope: scope}, Repo: s.payloadRepo(r, scope)}
	if more != nil {
		more(p)
	}
	state, faults := r.state(), s.hooks.faults.deliveries()
	if p.Repo.Subdomain != "" {
		p.Repo.Subdomain = spaceSubdomain(p.Repo.Name) // a move tells the old name
	}
	if faults.omitHeadSHA {
		p.Repo.HeadSHA = ""
	}
	s.opts.Log("%s %s: %s by %s", scope, action, p.Repo.Ref(), actor.name)
	for _, w := range s.hooks.list() {
		if w.wants(p.Event, p.Repo.Ref()) && state.readableBy(w.owner) {
			s.deliver(w, p, faults)
		}
		if p.MovedTo != nil {
			w.follow(p.Repo.Ref(), p.MovedTo.Name)
		}
	}
}

// deliver hands a payload for one webhook to the outbox.
func (s *Server) deliver(w *webhook, p *hub.Payload, faults deliveryFaults) {
	if !w.trigger(time.Now(), faults.triggerLimit) {
		return
	}
	body, err := encodePayload(p, w.id)
	if err != nil {
		s.opts.Log("webhook %s: encode %s %s: %v", w.id, p.Event.Scope, p.Event.Action, err)
		return
	}
	d := &delivery{id: newID(), hook: w, event: p.Event, repo: p.Repo.Name, body: body}
	for range 1 + faults.extraCopies {
		s.outbox().add(d, faults.delay, faults.reorder)
	}
}

// Idle waits until no webhook delivery is under way or waiting for a retry, or ctx ends.
func (s *Server) Idle(ctx context.Context) error { return s.outbox().idle(ctx) }
