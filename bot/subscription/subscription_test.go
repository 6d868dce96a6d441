package subscription_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// startHub starts a local Hub with the accounts demo and hfbot.
func startHub(t *testing.T) *emulator.Server {
	t.Helper()
	server, err := emulator.New(emulator.Options{})
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
	return server
}

func wish() subscription.Wish {
	return subscription.Wish{
		URL: "http://127.0.0.1:1/webhook", Secret: "hush", Domains: []string{"discussion", "repo"},
		Watched: []hub.Watched{{Type: "user", Name: "demo"}},
	}
}

func sync(t *testing.T, client *hub.Client, w subscription.Wish, dryRun bool) subscription.Result {
	t.Helper()
	got, err := subscription.Sync(t.Context(), client, w, dryRun)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSyncMakesOnceAndMends(t *testing.T) {
	t.Parallel()
	client := startHub(t).Client("hfbot")
	if dry := sync(t, client, wish(), true); dry.ID != "" || len(dry.Changes) != 1 {
		t.Errorf("a dry run gives %+v; want one change and no id", dry)
	}
	made := sync(t, client, wish(), false)
	if again := sync(t, client, wish(), false); again.ID != made.ID || len(again.Changes) > 0 {
		t.Errorf("the second time gives %+v; want %s unchanged", again, made.ID)
	}
	other := wish()
	other.Watched = []hub.Watched{{Type: "model", Name: "demo/tiny"}}
	other.Domains = []string{"repo"}
	if _, err := client.CreateWebhook(t.Context(), hub.WebhookInput{URL: other.URL + "?secret=hush", Domains: []string{"repo"}}); err != nil {
		t.Fatal(err)
	}
	mended := sync(t, client, other, false)
	if len(mended.Changes) != 3 || !strings.HasPrefix(mended.Changes[2], "deleted") {
		t.Errorf("changes %q; want what is watched, what is heard of, and a second webhook deleted", mended.Changes)
	}
	hooks, err := client.Webhooks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 1 || !slices.Equal(hooks[0].Watched, other.Watched) || !hooks[0].HasSecret {
		t.Errorf("webhooks on the Hub: %+v", hooks)
	}
}

func TestSyncSwitchesOnWhatTheHubSuspended(t *testing.T) {
	t.Parallel()
	server := startHub(t)
	client := server.Client("hfbot")
	made := sync(t, client, wish(), false)
	if _, err := client.DisableWebhook(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if got := sync(t, client, wish(), false); len(got.Changes) != 1 || !strings.Contains(got.Changes[0], "left switched off") {
		t.Errorf("a webhook that a person switched off: %q", got.Changes)
	}
	if h, err := client.Webhook(t.Context(), made.ID); err != nil || h.Disabled != hub.WebhookDisabled {
		t.Errorf("it is now %q, %v; want it left alone", h.Disabled, err)
	}
}

func TestWatched(t *testing.T) {
	t.Parallel()
	client := startHub(t).Client("hfbot")
	for name, tc := range map[string]struct {
		in    rule.Interest
		named []string
		want  []hub.Watched
		err   string
	}{
		"rules that leave it open watch home": {
			rule.Interest{Open: []string{"a"}},
			nil,
			[]hub.Watched{{Type: "user", Name: "hfbot"}},
			"",
		},
		"what a person names goes before home": {
			rule.Interest{Open: []string{"a"}},
			[]string{"demo", "dataset:acme/data"},
			[]hub.Watched{{Type: "dataset", Name: "acme/data"}, {Type: "user", Name: "demo"}},
			"",
		},
		"a repository of any type": {
			rule.Interest{Repos: []rule.Repo{{Name: "demo/x"}}, Namespaces: []string{"demo"}},
			nil,
			[]hub.Watched{
				{Type: "model", Name: "demo/x"},
				{Type: "dataset", Name: "demo/x"},
				{Type: "space", Name: "demo/x"},
				{Type: "user", Name: "demo"},
			},
			"",
		},
		"nobody of a name in the rules": {
			rule.Interest{Namespaces: []string{"nobody-at-all"}},
			nil, nil,
			"no user or organisation nobody-at-all, whose repositories the rules name",
		},
		"nobody of a name in the settings": {
			rule.Interest{Open: []string{"a"}},
			[]string{"nobody-at-all"},
			nil,
			"no user or organisation nobody-at-all, which HFBOT_WATCH or --watch names",
		},
		"no type": {rule.Interest{}, []string{"acme/tiny"}, nil, "TYPE:OWNER/NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := subscription.Watched(t.Context(), client, tc.in, tc.named, "hfbot")
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want an error with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("watched (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWatchedHomeIsNobody is a Space that is to be made for an owner whom the Hub does not know.
func TestWatchedHomeIsNobody(t *testing.T) {
	t.Parallel()
	client := startHub(t).Client("hfbot")
	_, err := subscription.Watched(t.Context(), client, rule.Interest{Open: []string{"a"}}, nil, "nobody-at-all")
	if err == nil || !strings.Contains(err.Error(), "no user or organisation nobody-at-all, whose repositories are watched because") {
		t.Errorf("got %v, want the reason why it is looked for", err)
	}
}

func TestDeriveSecrets(t *testing.T) {
	t.Parallel()
	now := subscription.DeriveSecrets("hf_a", "acme/bot", 2)
	if len(now) != 2 || len(subscription.DeriveSecrets("hf_a", "acme/bot", 0)) != 1 {
		t.Fatalf("%d secrets are valid", len(now))
	}
	if before := subscription.DeriveSecrets("hf_a", "acme/bot", 1); before[0].Reveal() != now[1].Reveal() {
		t.Error("the secret before is not valid any more after a rotation")
	}
	all := map[string]bool{"hf_a": true}
	for _, s := range []hub.Secret{
		now[0], now[1], subscription.DeriveSecret("hf_b", "acme/bot", 2), subscription.DeriveSecret("hf_a", "acme/bot2", 2),
	} {
		if all[s.Reveal()] {
			t.Error("two tokens, bots or generations have the same secret")
		}
		all[s.Reveal()] = true
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"acme-bot.hf.space":      "https://acme-bot.hf.space/webhook",
		"http://127.0.0.1:7860/": "http://127.0.0.1:7860/webhook",
		"127.0.0.1:7860":         "http://127.0.0.1:7860/webhook",
		"localhost:7860":         "http://localhost:7860/webhook",
		"10.0.0.1:7860":          "https://10.0.0.1:7860/webhook",
	} {
		if got := subscription.Address(host); got != want {
			t.Errorf("Address(%s) = %s, want %s", host, got, want)
		}
	}
}
