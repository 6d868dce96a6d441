package hub

import (
	"context"
	"net/http"
)

// Values of Webhook.Disabled.
const (
	WebhookDisabled  = "disabled"
	WebhookSuspended = "suspended-after-failure" // by the Hub, after too many failed deliveries
)

// Webhook is a subscription to events. Its secret is never returned.
type Webhook struct {
	ID        string
	URL       string
	Watched   []Watched
	Domains   []string // repo, discussion
	Disabled  string   // "", WebhookDisabled or WebhookSuspended
	HasSecret bool
}

// Watched is what a webhook watches: a repository, or all repositories of a user or organisation.
type Watched struct {
	Type string `json:"type"` // model, dataset, space, bucket, kernel, user or org
	Name string `json:"name"`
}

// WebhookInput is a webhook to be made, or what replaces one.
type WebhookInput struct {
	URL     string
	Watched []Watched
	Domains []string
	Secret  Secret // sent along in X-Webhook-Secret; printable ASCII
}

const webhooksPath = "/api/settings/webhooks"

type wireWebhook struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Watched   []Watched `json:"watched"`
	Domains   []string  `json:"domains"`
	Disabled  wireFlag  `json:"disabled"`
	HasSecret bool      `json:"hasSecret"`
}

func (w wireWebhook) webhook() Webhook {
	hook := Webhook{
		ID: w.ID, URL: w.URL, Watched: w.Watched, Domains: w.Domains, Disabled: string(w.Disabled), HasSecret: w.HasSecret,
	}
	if hook.Disabled == "true" {
		hook.Disabled = WebhookDisabled
	}
	return hook
}

// Webhooks lists the account's webhooks.
//
// GET /api/settings/webhooks
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var in []wireWebhook
	if err := c.getJSON(ctx, webhooksPath, nil, &in); err != nil {
		return nil, err
	}
	hooks := make([]Webhook, 0, len(in))
	for _, hook := range in {
		hooks = append(hooks, hook.webhook())
	}
	return hooks, nil
}

// CreateWebhook makes a webhook.
//
// POST /api/settings/webhooks
func (c *Client) CreateWebhook(ctx context.Context, in WebhookInput) (*Webhook, error) {
	return c.postWebhook(ctx, webhooksPath, in.wire())
}

// UpdateWebhook replaces a webhook's settings whole: what is empty in the input is emptied on the Hub.
//
// POST /api/settings/webhooks/{id}
func (c *Client) UpdateWebhook(ctx context.Context, id string, in WebhookInput) (*Webhook, error) {
	return c.postWebhook(ctx, webhookPath(id), in.wire())
}

// EnableWebhook switches a disabled or suspended webhook on.
//
// POST /api/settings/webhooks/{id}/enable
func (c *Client) EnableWebhook(ctx context.Context, id string) (*Webhook, error) {
	return c.postWebhook(ctx, webhookPath(id)+"/enable", nil)
}

// DeleteWebhook removes a webhook.
//
// DELETE /api/settings/webhooks/{id}
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.changeJSON(ctx, http.MethodDelete, webhookPath(id), nil, nil)
}

func webhookPath(id string) string { return webhooksPath + "/" + escapeSegment(id) }

// wire is the input as it is sent, with lists that are never null and the secret in the clear.
func (in WebhookInput) wire() any {
	return struct {
		URL     string    `json:"url"`
		Watched []Watched `json:"watched"`
		Domains []string  `json:"domains"`
		Secret  string    `json:"secret,omitempty"`
	}{in.URL, append([]Watched{}, in.Watched...), append([]string{}, in.Domains...), in.Secret.Reveal()}
}

func (c *Client) postWebhook(ctx context.Context, path string, in any) (*Webhook, error) {
	var out struct {
		Webhook wireWebhook `json:"webhook"`
	}
	if err := c.postJSON(ctx, path, in, &out); err != nil {
		return nil, err
	}
	hook := out.Webhook.webhook()
	return &hook, nil
}
