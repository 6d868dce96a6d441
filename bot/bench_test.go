package bot_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/store/pgtest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noted is an action that does nothing but tell when it began.
type noted struct{ began func(key string) }

type notedIn struct {
	Key string `json:"key" doc:"Which call it is."`
}

func (noted) Spec() actions.Spec {
	return actions.Spec{ID: "bench.note", Summary: "Notes the time.", Effect: actions.None, Idempotent: true, Example: "uses: bench.note"}
}

func (n noted) Run(_ context.Context, _ *actions.Runtime, in notedIn) (struct{}, error) {
	n.began(in.Key)
	return struct{}{}, nil
}

// benchRules is one rule. Its breaker is out of the way: it would end all runs after the 2,000th of an hour.
const benchRules = `version: 1
rules:
  - id: note
    on: %s
    breaker: {max: 1000000, per: 1h}
    steps: [{uses: bench.note, with: {key: "${{ discussion.title }}"}}]
`

// benchBody is a delivery of the usual size.
func benchBody(title string) string {
	return fmt.Sprintf(`{"event":{"action":"create","scope":"discussion"},"repo":{"type":"model","name":"demo/tiny",
"id":"66079b8b2e56b3db420f616b","private":false,"owner":{"id":"667977f90c8e732d6bf90ed6"}},"discussion":{"id":
"66ef6ad0dd4f96cc58e6e0a6","title":%q,"status":"open","num":7,"isPullRequest":false,"author":{"id":"6614ea0d1340d11d7972ca25"}},
"comment":{"id":"66dbedfe76c126d29bfba6e1","author":{"id":"6614ea0d1340d11d7972ca25"},"content":%q,"hidden":false},
"webhook":{"id":"66eb842dd6135a49c078a6cc","version":3}}`, title, strings.Repeat("text ", 150))
}

// benchDatabase is an empty database of a kind.
func benchDatabase(b *testing.B, kind string) (url string) {
	b.Helper()
	if kind == "sqlite" {
		return "sqlite:" + filepath.Join(b.TempDir(), "bot.db")
	}
	return strings.Replace(pgtest.Database(b, nil), "pool_max_conns=8", "pool_max_conns=24", 1)
}

// serveBench starts a bot whose rule is on the given event, and returns the address of its webhook.
func serveBench(b *testing.B, database, on string, began func(string)) string {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := emulator.New(emulator.Options{})
	if err == nil {
		err = server.Start(ctx, "127.0.0.1:0")
	}
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, fmt.Appendf(nil, benchRules, on), 0o600); err != nil {
		b.Fatal(err)
	}
	registry := actions.NewRegistry()
	actions.Add(registry, noted{began})
	bt, err := bot.New(ctx, bot.Options{
		Endpoint: server.URL(), Token: "hf_hfbot", Rules: []string{rules}, Database: database, Listen: "127.0.0.1:0",
		WorkDir: dir, WebhookSecrets: []hub.Secret{"s3cret"}, Actions: registry,
	})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- bt.Serve(ctx) }()
	b.Cleanup(func() {
		cancel()
		<-served
		_ = bt.Close()
		_ = server.Close()
	})
	return bt.URL() + "/webhook"
}

func deliver(b *testing.B, client *http.Client, url, id string) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(benchBody(id)))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Webhook-Secret", "s3cret")
	req.Header.Set("Webhook-Id", id)
	res, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		b.Errorf("status %d", res.StatusCode)
	}
}

// BenchmarkReceive is deliveries by 64 senders: to a bare Echo handler that reads the body, to a bot whose rule does not
// match, and to one that works a run for each, until all runs are done.
func BenchmarkReceive(b *testing.B) {
	for _, row := range []struct{ name, database, on string }{
		{"echo", "", ""},
		{"sqlite/no-match", "sqlite", "repo.content"},
		{"sqlite/one-run", "sqlite", "discussion.create"},
		{"postgres/no-match", "postgres", "repo.content"},
		{"postgres/one-run", "postgres", "discussion.create"},
	} {
		b.Run(row.name, func(b *testing.B) {
			var ran atomic.Int64
			url := ""
			if row.database == "" {
				url = serveEcho(b)
			} else {
				url = serveBench(b, benchDatabase(b, row.database), row.on, func(string) { ran.Add(1) })
			}
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			var n atomic.Int64
			b.ResetTimer()
			var senders sync.WaitGroup
			for range 64 {
				senders.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						deliver(b, client, url, fmt.Sprint("d", i))
					}
				})
			}
			senders.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepted/s")
			if row.on == "discussion.create" {
				for ran.Load() < int64(b.N) {
					time.Sleep(time.Millisecond)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "done/s")
			}
		})
	}
}

func serveEcho(b *testing.B) string {
	b.Helper()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/webhook", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.JSON(http.StatusAccepted, map[string]any{"delivery": "x", "duplicate": false})
	})
	server := httptest.NewServer(e)
	b.Cleanup(server.Close)
	return server.URL + "/webhook"
}

// BenchmarkStart is the time from sending a delivery to its first step, at 25 deliveries a second.
func BenchmarkStart(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			const count = 200
			var mu sync.Mutex
			sent, took := map[string]time.Time{}, []time.Duration{}
			url := serveBench(b, benchDatabase(b, database), "discussion.create", func(key string) {
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(sent[key]))
			})
			for round := range b.N {
				tick := time.NewTicker(40 * time.Millisecond)
				for i := range count {
					<-tick.C
					key := fmt.Sprint(round, "-", i)
					mu.Lock()
					sent[key] = time.Now()
					mu.Unlock()
					deliver(b, http.DefaultClient, url, key)
				}
				tick.Stop()
				for mu.Lock(); len(took) < (round+1)*count; mu.Lock() {
					mu.Unlock()
					time.Sleep(time.Millisecond)
				}
				mu.Unlock()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
