package dashboard_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/store"
)

// benchRows is how many deliveries the benchmark stores; HFBOT_BENCH_ROWS makes it another number.
const benchRows = 1_000_000

// million is a dashboard over very many deliveries, of 30 days, a tenth of them with a run.
type million struct {
	db      *store.Store
	handler http.Handler
	dash    *dashboard.Dashboard
	last    string
}

func newMillion(b *testing.B) *million {
	b.Helper()
	rows := benchRows
	if text := os.Getenv("HFBOT_BENCH_ROWS"); text != "" {
		if _, err := fmt.Sscan(text, &rows); err != nil {
			b.Fatal(err)
		}
	}
	c := &clock{now: noon}
	path := filepath.Join(b.TempDir(), "bot.db")
	db := openStore(b, path, c)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	s := newSample(b, nil, c)
	m := &million{last: fillMillion(b, path, s, rows)}
	m.db = openStore(b, path, c)
	m.dash = dashboard.New(dashboard.Options{
		Store: m.db, Rules: s.ruleSet, Actions: catalogue(), Control: new(control), AdminToken: "s3cret", Listen: "127.0.0.1:0",
		Now: c.Now,
	})
	b.Cleanup(func() {
		m.dash.Close()
		if err := m.db.Close(); err != nil {
			b.Error(err)
		}
	})
	e := echo.New()
	m.dash.Register(e)
	m.handler = e
	for { // what is counted in the background
		var said struct {
			At *time.Time `json:"counted_at"`
		}
		if err := json.Unmarshal(m.get("/api/v1/overview").Body.Bytes(), &said); err != nil {
			b.Fatal(err)
		}
		if said.At != nil {
			return m
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// fillMillion writes rows as the store would, but in few transactions.
func fillMillion(b *testing.B, path string, s *sample, rows int) (last string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	body := event{at: noon, scope: "repo.content", act: "update", kind: "model", repo: "acme-lab/tiny-llama"}.body()
	explanation, _ := json.Marshal(map[string]any{"rules": s.explain(event{scope: "repo.content", act: "update", kind: "model", changed: pickle})})
	step := 30 * 24 * time.Hour / time.Duration(rows)
	for i := range rows {
		at := noon.Add(-time.Duration(rows-i) * step)
		last = s.id(at)
		repo := fmt.Sprintf("acme-lab/repo-%d", i%5000)
		why, text := "", []byte("{}")
		if rows-i < 20_000 { // those that pages look through have their whole size; the file stays below a few hundred megabytes
			why, text = string(explanation), body
		}
		rule := []string{"auto-safetensors", "welcome", "retrain"}[i%3]
		verdict, verdicts := "", `{"auto-safetensors":"not_matched","welcome":"not_matched","retrain":"not_matched"}`
		if i%10 == 0 {
			verdict, verdicts = "matched", fmt.Sprintf(`{%q:"matched"}`, rule)
		}
		_, err := tx.Exec(`INSERT INTO deliveries (id, webhook_id, key, key_salt, received_at, source, replay_of, scope, action, repo,
			repo_type, state, duplicates, error, verdicts, explanation, body, hook, is_public)
			VALUES (?, ?, ?, '', ?, 'webhook', '', 'repo.content', 'update', ?, 'model', 'matched', 0, '', ?, ?, ?, 'w1', 1)`,
			last, last, last, at.UnixMicro(), repo, verdicts, why, text)
		if err == nil && verdict != "" {
			_, err = tx.Exec(`INSERT INTO verdicts (rule, delivery_id, verdict) VALUES (?, ?, ?)`, rule, last, verdict)
		}
		if err == nil && verdict != "" {
			state := "succeeded"
			if i%100 == 0 {
				state = "failed"
			}
			_, err = tx.Exec(`INSERT INTO runs (id, delivery_id, rule, repo, repo_type, repo_id, ref, sha, own_caused, state, reason,
				wait_for, wait_until, attempt, plan, error, cancel_reason, created_at, started_at, finished_at, ticket, ticketed_at, owner,
				lease_until, token, once_key, rate_key, debounce_key, debounce_since, group_key, on_conflict)
				VALUES (?, ?, ?, ?, 'model', 'r', 'refs/heads/main', 'c379', 0, ?, '', '', 0, 1, '{"key":"k","steps":[]}', '', '', ?, ?, ?, 0, ?,
				'', 0, 0, '', '', '', 0, '', '')`, s.id(at), last, rule, repo, state, at.UnixMicro(), at.UnixMicro()+40_000,
				at.UnixMicro()+900_000, at.UnixMicro())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	return last
}

func (m *million) get(path string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	req.Header.Set("Authorization", "Bearer s3cret")
	rec := httptest.NewRecorder()
	m.handler.ServeHTTP(rec, req)
	return rec
}

// BenchmarkMillion makes each page over a million deliveries, and follows 200 open pages. The aims: a page in 50 ms and
// 100 kB; 200 open pages, while 20 deliveries come in each second, under a tenth of a core.
func BenchmarkMillion(b *testing.B) {
	m := newMillion(b)
	for _, p := range []struct{ name, path string }{
		{"overview", "/"},
		{"month", "/?span=30d"},
		{"deliveries", "/deliveries"},
		{"middle", "/deliveries?before=01a1"},
		{"rule", "/deliveries?rule=retrain"},
		{"verdict", "/deliveries?verdict=matched"},
		{"none", "/deliveries?verdict=error"},
		{"repo", "/deliveries?repo=acme-lab/repo-77"},
		{"text", "/deliveries?text=no-such-name"},
		{"both", "/deliveries?repo=acme-lab/repo-77&rule=retrain&verdict=error"},
		{"delivery", "/deliveries/" + m.last},
		{"runs", "/runs"},
		{"failed", "/runs?state=failed"},
		{"rules", "/rules"},
	} {
		b.Run("page="+p.name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				rec := m.get(p.path)
				if rec.Code != http.StatusOK {
					b.Fatalf("%s: %d", p.path, rec.Code)
				}
				size = rec.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
	b.Run("open=200", m.follow)
}

// follow opens 200 pages of the list and measures what keeping them up to date costs of a core. The readers are in this
// process and count too.
func (m *million) follow(b *testing.B) {
	site := httptest.NewServer(m.handler)
	ctx, cancel := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	var updates atomic.Int64
	defer func() { cancel(); readers.Wait(); site.CloseClientConnections(); site.Close() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	for range 200 {
		readers.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, site.URL+"/deliveries", http.NoBody)
			req.Header.Set("Authorization", "Bearer s3cret")
			req.Header.Set("Accept", "text/event-stream")
			resp, err := client.Do(req)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			lines := bufio.NewScanner(resp.Body)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data: ") {
					updates.Add(1)
				}
			}
		})
	}
	for updates.Load() < 200 {
		time.Sleep(10 * time.Millisecond)
	}
	const perSecond, seconds = 20, 5
	before, begun, had := cpu(), time.Now(), updates.Load()
	for i := range perSecond * seconds { // once, however often the benchmark is to be repeated
		_, _, err := m.db.Accept(ctx, store.Delivery{
			Key: fmt.Sprint("live", time.Now().UnixNano(), i), Body: []byte("{}"), Scope: "repo.content", Action: "update",
			Repo: "acme-lab/live", RepoType: "model",
		})
		if err != nil {
			b.Fatal(err)
		}
		m.dash.Changed("any")
		time.Sleep(time.Second / perSecond)
	}
	b.ReportMetric(100*(cpu()-before).Seconds()/time.Since(begun).Seconds(), "%core")
	b.ReportMetric(float64(updates.Load()-had)/200/time.Since(begun).Seconds(), "updates/s/page")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(client)
}

// cpu is what this process has used of the processor.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
