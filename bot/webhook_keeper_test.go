package bot

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestKeeperSwitchesOnASuspendedWebhook lets the Hub suspend the bot's webhook, as it does after failed deliveries, and
// wants the next look to mend it.
func TestKeeperSwitchesOnASuspendedWebhook(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Options{Deliveries: emulator.DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer down.Close()
	client := server.Client("hfbot")
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	text := "version: 1\nrules:\n  - {id: a, on: discussion, steps: [{uses: hub.comment, with: {body: x}}]}\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Load([]string{rules}, rule.Options{Actions: actions.Default})
	if set == nil {
		t.Fatal(problems.Text())
	}
	k := newKeeper(Options{
		Webhook:        WebhookOptions{URL: down.URL + "/webhook", Watch: []string{"demo"}, Home: "hfbot"},
		WebhookSecrets: []hub.Secret{"new", "old"}, Log: zaptest.NewLogger(t),
	}, client, func() *rule.Set { return set })
	if state := k.state(); state != "not looked at yet" {
		t.Errorf("state %q before the first look", state)
	}
	if err := k.look(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	hooks, err := client.Webhooks(t.Context())
	if err != nil || len(hooks) != 1 || k.state() != "ok" {
		t.Fatalf("webhooks %+v, %v, state %q", hooks, err, k.state())
	}
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := server.Client("demo").CreateRepo(t.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Client("demo").CreateDiscussion(t.Context(), repo, hub.CreateDiscussionInput{Title: "Hello", Description: "there"}); err != nil {
		t.Fatal(err)
	}
	if err := server.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h, err := client.Webhook(t.Context(), hooks[0].ID); err != nil || h.Disabled != hub.WebhookSuspended {
		t.Fatalf("the Hub has not suspended the webhook: %+v, %v", h, err)
	}
	if err := k.look(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	mended, err := client.Webhook(t.Context(), hooks[0].ID)
	if err != nil || mended.Disabled != "" || !slices.Equal(mended.Watched, []hub.Watched{{Type: "user", Name: "demo"}}) {
		t.Errorf("webhook %+v, %v; want it on, watching demo", mended, err)
	}
}
