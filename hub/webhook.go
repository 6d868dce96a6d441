package hub

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"
)

// Values of Webhook.Disabled.
const (
	WebhookDisabled  = "disabled"
	WebhookSuspended = "suspended-after-failure" // by the Hub, after too many failed deliveries
)

// Webhook is a subscription to events. Its secret is never returned.
type Webhook struct {
	ID            string
	URL           string   // empty when a Job is started instead
	Job           *JobSpec // without the values of its secrets; nil when URL is called
	Watched       []Watched
	Domains       []string // DomainRepo, DomainDiscussion
	Disabled      string   // "", WebhookDisabled or WebhookSuspended
	HasSecret     bool
	LastTriggerAt time.Time // zero: never
}

// Domains of events.
const (
	DomainRepo       = "repo"
	DomainDiscussion = "discussion"
)

// Watched is what a webhook watches: a repository, or all repositories of a user or organisation.
type Watched struct {
	Type string `json:"type"` // model, dataset, space, bucket, kernel, user or org
	Name string `json:"name"`
}

// WebhookInput is a webhook to be made, or what replaces one.
type WebhookInput struct {
	URL         string
	Job         *JobSpec // in place of URL: a Job to start
	JobSourceID string   // in place of URL: a Job to start once more
	Watched     []Watched
	Domains     []string
	Secret      Secret // sent along in X-Webhook-Secret; printable ASCII
}

const webhooksPath = "/api/settings/webhooks"

type wireWebhook struct {
	ID            string    `json:"id"`
	URL           string    `json:"url"`
	Job           *JobSpec  `json:"job"`
	Watched       []Watched `json:"watched"`
	Domains       []string  `json:"domains"`
	Disabled      wireFlag  `json:"disabled"`
	HasSecret     bool      `json:"hasSecret"`
	LastTriggerAt wireTime  `json:"lastTriggerAt"`
}

func (w wireWebhook) webhook() Webhook {
	hook := Webhook{
		ID: w.ID, URL: w.URL, Job: w.Job, Watched: w.Watched, Domains: w.Domains, Disabled: string(w.Disabled),
		HasSecret: w.HasSecret, LastTriggerAt: w.LastTriggerAt.Time,
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

// Webhook reads one webhook.
//
// GET /api/settings/webhooks/{id}
func (c *Client) Webhook(ctx context.Context, id string) (*Webhook, error) {
	var out struct {
		Webhook wireWebhook `json:"webhook"`
	}
	if err := c.getJSON(ctx, webhookPath(id), nil, &out); err != nil {
		return nil, err
	}
	hook := out.Webhook.webhook()
	return &hook, nil
}

// CreateWebhook makes a webhook.
//
// POST /api/settings/webhooks
func (c *Client) CreateWebhook(ctx context.Context, in WebhookInput) (*Webhook, error) {
	return c.sendWebhook(ctx, webhooksPath, in, false)
}

// UpdateWebhook replaces a webhook's settings whole: what is empty in the input is emptied on the Hub.
//
// POST /api/settings/webhooks/{id}
func (c *Client) UpdateWebhook(ctx context.Context, id string, in WebhookInput) (*Webhook, error) {
	return c.sendWebhook(ctx, webhookPath(id), in, true)
}

// EnableWebhook switches a disabled or suspended webhook on.
//
// POST /api/settings/webhooks/{id}/enable
func (c *Client) EnableWebhook(ctx context.Context, id string) (*Webhook, error) {
	return c.postWebhook(ctx, webhookPath(id)+"/enable", nil, true)
}

// DisableWebhook switches a webhook off.
//
// POST /api/settings/webhooks/{id}/disable
func (c *Client) DisableWebhook(ctx context.Context, id string) (*Webhook, error) {
	return c.postWebhook(ctx, webhookPath(id)+"/disable", nil, true)
}

// ReplayDelivery has the Hub deliver once more what it delivered before, and returns the HTTP status that the target
// answered. The id of a delivery's log entry stands on the webhook's activity page only.
//
// POST /api/settings/webhooks/{id}/replay/{logID}
func (c *Client) ReplayDelivery(ctx context.Context, id, logID string) (int, error) {
	var out struct {
		Status int `json:"status"`
	}
	err := c.postJSON(ctx, webhookPath(id)+"/replay/"+escapeSegment(logID), nil, &out)
	return out.Status, err
}

// DeleteWebhook removes a webhook.
//
// DELETE /api/settings/webhooks/{id}
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.changeJSON(ctx, http.MethodDelete, webhookPath(id), nil, nil)
}

func webhookPath(id string) string { return webhooksPath + "/" + escapeSegment(id) }

// secretText is what the Hub takes as a webhook's secret.
var secretText = regexp.MustCompile(`^[\x20-\x7F]*$`)

// check finds what the Hub would refuse, with a better reason than the Hub's.
func (in WebhookInput) check() error {
	targets := 0
	for _, given := range []bool{in.URL != "", in.Job != nil, in.JobSourceID != ""} {
		if given {
			targets++
		}
	}
	switch {
	case targets != 1:
		return errors.New("hub: a webhook needs one of a URL, a job and the id of a job")
	case !secretText.MatchString(in.Secret.Reveal()):
		return errors.New("hub: a webhook's secret consists of printable ASCII characters only")
	}
	return nil
}

// wire is the input as it is sent, with lists that are never null and the secret in the clear.
func (in WebhookInput) wire() any {
	var job any
	if in.Job != nil {
		job = in.Job.wire()
	}
	return struct {
		URL         string    `json:"url,omitempty"`
		Job         any       `json:"job,omitempty"`
		JobSourceID string    `json:"jobSourceId,omitempty"`
		Watched     []Watched `json:"watched"`
		Domains     []string  `json:"domains"`
		Secret      string    `json:"secret,omitempty"`
	}{
		in.URL, job, in.JobSourceID, append([]Watched{}, in.Watched...), append([]string{}, in.Domains...),
		in.Secret.Reveal(),
	}
}

func (c *Client) sendWebhook(ctx context.Context, path string, in WebhookInput, idempotent bool) (*Webhook, error) {
	if c.readOnly {
		return nil, ErrReadOnly
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	return c.postWebhook(ctx, path, in.wire(), idempotent)
}

func (c *Client) postWebhook(ctx context.Context, path string, in any, idempotent bool) (*Webhook, error) {
	request, err := c.post(path, in)
	if err != nil {
		return nil, err
	}
	request.idempotent = idempotent
	var out struct {
		Webhook wireWebhook `json:"webhook"`
	}
	if _, err := c.json(ctx, request, &out); err != nil {
		return nil, err
	}
	hook := out.Webhook.webhook()
	return &hook, nil
}
