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
	var deliveries []*delivery
	for _, w := range s.hooks.list() {
		if w.wants(p.Event, p.Repo.Ref()) && state.readableBy(w.owner) {
			if d := s.newDelivery(w, p, faults); d != nil {
				deliveries = append(deliveries, d)
			}
		}
		if p.MovedTo != nil {
			w.follow(p.Repo.Ref(), p.MovedTo.Name)
		}
	}
	s.send(deliveries, faults)
}

// send hands deliveries to the outbox. What they tell of is saved first, so that nobody hears of what may be lost.
func (s *Server) send(deliveries []*delivery, faults deliveryFaults) {
	if s.disk != nil {
		s.hooks.begin(deliveries)
		if s.save() != nil {
			return
		}
	}
	for _, d := range deliveries {
		s.outbox().add(d, faults)
	}
}

// newDelivery makes the delivery of a payload to one webhook, or nil when the webhook has had enough today.
func (s *Server) newDelivery(w *webhook, p *hub.Payload, faults deliveryFaults) *delivery {
	if !w.trigger(time.Now(), faults.triggerLimit) {
		return nil
	}
	body, err := encodePayload(p, w.id)
	if err != nil {
		s.opts.Log("webhook %s: encode %s %s: %v", w.id, p.Event.Scope, p.Event.Action, err)
		return nil
	}
	d := &delivery{id: newID(), hook: w, event: p.Event, repo: p.Repo.Name, body: body}
	if s.startWebhookJob(d, p) {
		return nil
	}
	return d
}

// Idle waits until no webhook delivery is under way or waiting for a retry, or ctx ends.
func (s *Server) Idle(ctx context.Context) error { return s.outbox().idle(ctx) }
