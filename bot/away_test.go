package bot_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/store/pgtest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestDatabaseGoesAwayBeforeTheBotBegins stops the database when the bot has opened it, and starts it again.
func TestDatabaseGoesAwayBeforeTheBotBegins(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	local, err := emulator.New(emulator.Options{})
	must(err)
	must(local.Start(ctx, "127.0.0.1:0"))
	t.Cleanup(func() { _ = local.Close() })
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	must(os.WriteFile(rules, []byte(upgradeRules), 0o600))
	registry := actions.NewRegistry()
	actions.Add(registry, &told{})
	database := pgtest.New(t)
	b, err := bot.New(ctx, bot.Options{
		Endpoint: local.URL(), Token: "hf_hfbot", Rules: []string{rules}, Database: database.Database(t), Listen: "127.0.0.1:0",
		WorkDir: t.TempDir(), WebhookSecrets: []hub.Secret{"s3cret"}, Actions: registry, Log: zaptest.NewLogger(t),
	})
	must(err)
	must(database.Stop())
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(serving) }()
	must(database.Start())
	ready := 0
	for tick := time.Tick(50 * time.Millisecond); ready != http.StatusOK; {
		select {
		case err := <-served:
			t.Fatalf("the bot ended: %v", err)
		case <-tick:
		}
		res, err := http.Get(b.URL() + "/readyz")
		must(err)
		ready = res.StatusCode
		must(res.Body.Close())
	}
	stop()
	must(<-served)
	must(b.Close())
}
