package emulator

import (
	"context"
	"net/http"
	"slices"
	"sync"
)

// maxWebhooks bounds the webhooks of one account.
const maxWebhooks = 1000

// webhooks holds the webhooks of all accounts and what sends their deliveries. The zero value is ready to use.
type webhooks struct {
	faults faultState
	start  sync.Once
	box    *outbox // made by start; see Server.outbox

	mu  sync.Mutex
	all []*webhook // in order of creation

	removed []string             // ids, since they were saved
	unsaved map[string]*delivery // begun, or nil for finished, since they were saved
	resumed []*delivery          // that an earlier process began
}

// outbox is what sends the deliveries. It is made when first needed, because most tests send none.
func (s *Server) outbox() *outbox {
	s.hooks.start.Do(func() {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = nil // targets are mostly on loopback
		policy := s.opts.Deliveries.withDefaults()
		s.hooks.box = newOutbox(policy, newPoster(transport, policy.Timeout).post, s.opts.OnDelivery)
		if s.disk != nil {
			s.hooks.box.done = s.delivered
		}
		context.AfterFunc(s.hooks.box.ctx, transport.CloseIdleConnections)
	})
	return s.hooks.box
}

// close ends all deliveries.
func (h *webhooks) close() {
	h.start.Do(func() { h.box = newOutbox(DeliveryPolicy{}, nil, nil) })
	h.box.close()
}

// add keeps a new webhook, unless its owner has too many already.
func (h *webhooks) add(w *webhook) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	owned := 0
	for _, other := range h.all {
		if other.owner == w.owner {
			owned++
		}
	}
	if owned >= maxWebhooks {
		return false
	}
	h.all = append(h.all, w)
	return true
}

// of lists the webhooks of an account.
func (h *webhooks) of(owner *account) []*webhook {
	return slices.DeleteFunc(h.list(), func(w *webhook) bool { return w.owner != owner })
}

// find returns an account's webhook by id, nil when the account has none of that id.
func (h *webhooks) find(owner *account, id string) *webhook {
	for _, w := range h.of(owner) {
		if w.id == id {
			return w
		}
	}
	return nil
}

// remove forgets a webhook. Deliveries that wait for a retry end, because it is switched off first.
func (h *webhooks) remove(w *webhook) {
	w.switchTo(webhookDisabled)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = slices.DeleteFunc(h.all, func(other *webhook) bool { return other == w })
	h.removed = append(h.removed, w.id)
}

// withID finds a webhook, whoever's it is.
func (h *webhooks) withID(id string) *webhook {
	for _, w := range h.list() {
		if w.id == id {
			return w
		}
	}
	return nil
}

// delivered notes on disk that a delivery needs nothing more.
func (s *Server) delivered(d *delivery) {
	s.hooks.finish(d)
	_ = s.save() // logs what is wrong; a delivery more after a restart harms nobody
}

// list is a copy of all webhooks.
func (h *webhooks) list() []*webhook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}
