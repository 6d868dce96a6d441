package emulator

import "github.com/hfbot/hfbot/hub"

// webhookView is the JSON shape of a webhook (https://huggingface.co/docs/hub/webhooks). The secret is never shown.
type webhookView struct {
	ID            string         `json:"id"`
	URL           string         `json:"url,omitempty"`
	Job           map[string]any `json:"job,omitempty"`
	Watched       []hub.Watched  `json:"watched"`
	Domains       []string       `json:"domains"`
	Disabled      any            `json:"disabled"` // bool or "suspended-after-failure"
	HasSecret     bool           `json:"hasSecret"`
	LastTriggerAt string         `json:"lastTriggerAt,omitempty"`
}

// view renders the webhook for its owner.
func (w *webhook) view() webhookView {
	w.mu.Lock()
	defer w.mu.Unlock()
	view := webhookView{
		ID:        w.id,
		URL:       w.settings.url,
		Job:       w.settings.job.inWebhook(),
		Watched:   w.settings.watched,
		Domains:   w.settings.domains,
		Disabled:  w.state.disabled(),
		HasSecret: w.settings.secret != "",
	}
	if !w.lastTrigger.IsZero() {
		view.LastTriggerAt = timestamp(w.lastTrigger)
	}
	return view
}
