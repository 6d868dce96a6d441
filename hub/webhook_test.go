package hub_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/settings/webhooks",
		answer: `[{"id":"w1","url":"https://bot.example","watched":[{"type":"org","name":"acme","avatarUrl":"x"}],
			"domains":["repo"],"disabled":false,"hasSecret":true},
			{"id":"w2","job":{"dockerImage":"alpine","flavor":"cpu-basic","secrets":["A"]},"disabled":true},{"id":"w3","disabled":"suspended-after-failure"}]`,
	})
	got, err := client.Webhooks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []hub.Webhook{
		{
			ID: "w1", URL: "https://bot.example", Watched: []hub.Watched{{Type: "org", Name: "acme"}},
			Domains: []string{"repo"}, HasSecret: true,
		},
		{ID: "w2", Job: &hub.JobSpec{DockerImage: "alpine", Flavor: "cpu-basic"}, Disabled: hub.WebhookDisabled},
		{ID: "w3", Disabled: hub.WebhookSuspended},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("webhooks differ (-want +got):\n%s", diff)
	}
}

func TestWebhookWrites(t *testing.T) {
	t.Parallel()
	input := hub.WebhookInput{
		URL: "https://bot.example/webhook", Secret: "open sesame",
		Watched: []hub.Watched{{Type: "user", Name: "ada"}}, Domains: []string{"repo", "discussion"},
	}
	const body = `{"url":"https://bot.example/webhook","watched":[{"type":"user","name":"ada"}],` +
		`"domains":["repo","discussion"],"secret":"open sesame"}`
	tests := map[string]struct {
		exchange exchange
		write    func(context.Context, *hub.Client) (*hub.Webhook, error)
	}{
		"create": {
			exchange{call: "POST /api/settings/webhooks", body: body},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) { return c.CreateWebhook(ctx, input) },
		},
		"update": {
			exchange{call: "POST /api/settings/webhooks/w1", body: body},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) {
				return c.UpdateWebhook(ctx, "w1", input)
			},
		},
		"empty lists are not null": {
			exchange{call: "POST /api/settings/webhooks/w1", body: `{"url":"https://b","watched":[],"domains":[]}`},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) {
				return c.UpdateWebhook(ctx, "w1", hub.WebhookInput{URL: "https://b"})
			},
		},
		"disable": {
			exchange{call: "POST /api/settings/webhooks/w1/disable"},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) { return c.DisableWebhook(ctx, "w1") },
		},
		"read": {
			exchange{call: "GET /api/settings/webhooks/w1"},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) { return c.Webhook(ctx, "w1") },
		},
		"start a job": {
			exchange{
				call: "POST /api/settings/webhooks",
				body: `{"job":{"dockerImage":"alpine","command":["true"],"flavor":"cpu-basic","environment":{},` +
					`"secrets":{"A":"b"}},"watched":[{"type":"model","name":"acme/tiny"}],"domains":["repo"]}`,
			},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) {
				return c.CreateWebhook(ctx, hub.WebhookInput{
					Job: &hub.JobSpec{
						DockerImage: "alpine", Command: []string{"true"}, Flavor: "cpu-basic",
						Secrets: map[string]hub.Secret{"A": "b"},
					},
					Watched: []hub.Watched{{Type: "model", Name: "acme/tiny"}}, Domains: []string{hub.DomainRepo},
				})
			},
		},
		"enable": {
			exchange{call: "POST /api/settings/webhooks/w1/enable"},
			func(ctx context.Context, c *hub.Client) (*hub.Webhook, error) { return c.EnableWebhook(ctx, "w1") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.exchange.answer = `{"webhook":{"id":"w1","url":"https://bot.example/webhook","disabled":false}}`
			got, err := test.write(t.Context(), serve(t, test.exchange))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&hub.Webhook{ID: "w1", URL: "https://bot.example/webhook"}, got); diff != "" {
				t.Errorf("webhook differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeleteWebhook(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{call: "DELETE /api/settings/webhooks/w1", answer: "OK"})
	if err := client.DeleteWebhook(t.Context(), "w1"); err != nil {
		t.Error(err)
	}
}

func TestWebhookInputIsCheckedFirst(t *testing.T) {
	t.Parallel()
	tests := map[string]hub.WebhookInput{
		"one of a URL":    {},
		"one of":          {URL: "https://b", JobSourceID: "j"},
		"printable ASCII": {URL: "https://b", Secret: "sésame"},
	}
	for reason, in := range tests {
		if _, err := serve(t).CreateWebhook(t.Context(), in); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("CreateWebhook = %v, want an error with %q", err, reason)
		}
	}
}

func TestReplayDelivery(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{call: "POST /api/settings/webhooks/w1/replay/l2", answer: `{"status":202}`})
	if status, err := client.ReplayDelivery(t.Context(), "w1", "l2"); err != nil || status != 202 {
		t.Errorf("ReplayDelivery = %d, %v", status, err)
	}
}
