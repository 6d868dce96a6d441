//go:build unix

package dashboard_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// benchRows is how many deliveries the benchmark stores; HFBOT_BENCH_ROWS makes it another number.
const benchRows = 1_000_000

// million is a dashboard over very many deliveries, of 30 days, a tenth of them with a run.
type million struct {
	db      *store.Store
	handler http.Handler
	dash    *dashboard.Dashboard
	last    string // id of the newest delivery
	middle  string
}

// newMillion fills a new database and opens it.
func newMillion(b *testing.B, driver string) *million {
	b.Helper()
	rows := benchRows
	if text := os.Getenv("HFBOT_BENCH_ROWS"); text != "" {
		if _, err := fmt.Sscan(text, &rows); err != nil {
			b.Fatal(err)
		}
	}
	c := &clock{now: noon}
	path := filepath.Join(b.TempDir(), "bot.db")
	address, source := "sqlite:"+path, "file:"+path
	if driver == "pgx" {
		address = pgtest.Database(b, nil)
		u, err := url.Parse(address)
		if err != nil {
			b.Fatal(err)
		}
		query := u.Query()
		query.Del("pool_max_conns") // for the store's pool only
		u.RawQuery = query.Encode()
		source = u.String()
	}
	open := func() *store.Store {
		b.Helper()
		db, err := store.Open(b.Context(), address, store.WithClock(c.Now))
		if err != nil {
			b.Fatal(err)
		}
		return db
	}
	if err := open().Close(); err != nil { // which makes the tables
		b.Fatal(err)
	}
	s := newSample(b, nil, c)
	m := &million{}
	m.last, m.middle = fillMillion(b, driver, source, s, rows)
	m.db = open()
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

// fillStatements write what the store would have written, in few statements. ?1 is the number of rows, ?2 an explanation,
// ?3 a body, ?4 a short one. Only the rows that pages look through have their whole
// size; so the database stays below a few hundred megabytes.
var fillStatements = []string{
	`INSERT INTO deliveries (id, webhook_id, key, key_salt, received_at, source, replay_of, scope, action, repo, repo_type, state,
		duplicates, error, verdicts, explanation, body, hook, is_public)
		SELECT id, id, id, '', ms * 1000, 'webhook', '', 'repo.content', 'update', 'acme-lab/repo-' || (n % 5000), 'model',
			'matched', 0, '', CASE WHEN n % 10 = 0 THEN '{"' || rule || '":"matched"}'
				ELSE '{"auto-safetensors":"not_matched","welcome":"not_matched","retrain":"not_matched"}' END,
			CASE WHEN n > ?1 - 20000 THEN ?2 ELSE '' END, CASE WHEN n > ?1 - 20000 THEN ?3 ELSE ?4 END, 'w1', 1 FROM filling`,
	`INSERT INTO verdicts (rule, delivery_id, verdict) SELECT rule, id, 'matched' FROM filling WHERE n % 10 = 0`,
	`INSERT INTO runs (id, delivery_id, rule, repo, repo_type, repo_id, ref, sha, own_caused, state, reason,
		wait_for, wait_until, attempt, plan, error, cancel_reason, created_at, started_at, finished_at, ticket, ticketed_at, owner,
		lease_until, token, once_key, rate_key, debounce_key, debounce_since, group_key, on_conflict)
		SELECT id, id, rule, 'acme-lab/repo-' || (n % 5000), 'model', 'r', 'refs/heads/main', 'c379', 0,
			CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END, '', '', 0, 1, '{"key":"k","steps":[]}', '', '', ms * 1000,
			ms * 1000 + 40000, ms * 1000 + 900000, 0, ms * 1000, '', 0, 0, '', '', '', 0, '', ''
		FROM filling WHERE n % 10 = 0`,
}

// fillingOf numbers the rows and gives each an id as the store makes them; %d are the rows, the last millisecond and the step.
var fillingOf = map[string]string{
	"sqlite": `CREATE TEMPORARY TABLE filling AS
		WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %[1]d),
			timed (n, ms) AS (SELECT n, %[2]d - (%[1]d - n) * %[3]d FROM number)
		SELECT n, ms, printf('%%08x-%%04x-7%%03x-8000-%%012x', ms >> 16, ms & 65535, n & 4095, n) AS id,
			CASE n / 10 %% 3 WHEN 0 THEN 'auto-safetensors' WHEN 1 THEN 'welcome' ELSE 'retrain' END AS rule FROM timed`,
	"pgx": `CREATE TEMPORARY TABLE filling AS
		SELECT n, ms, lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7' || lpad(to_hex(n & 4095), 3, '0')
			|| '-8000-' || lpad(to_hex(n), 12, '0') AS id,
			CASE n / 10 %% 3 WHEN 0 THEN 'auto-safetensors' WHEN 1 THEN 'welcome' ELSE 'retrain' END AS rule
		FROM (SELECT n, %[2]d - (%[1]d - n) * %[3]d AS ms FROM generate_series(1, %[1]d::bigint) AS number (n)) AS timed`,
}

// fillMillion writes the rows and returns the ids of the last delivery and of one in the middle.
func fillMillion(b *testing.B, driver, source string, s *sample, rows int) (last, middle string) {
	b.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // which has the temporary table
	body := event{at: noon, scope: "repo.content", act: "update", kind: "model", repo: "acme-lab/tiny-llama"}.body()
	explanation, err := json.Marshal(map[string]any{"rules": s.explain(event{scope: "repo.content", act: "update", kind: "model", changed: pickle})})
	if err != nil {
		b.Fatal(err)
	}
	step := 30 * 24 * time.Hour / time.Duration(rows)
	exec := func(text string, args ...any) {
		b.Helper()
		if driver == "pgx" {
			text = strings.NewReplacer("?1", "$1::bigint", "?2", "$2::text", "?3", "$3::bytea", "?4", "$4::bytea").Replace(text)
		}
		if _, err := db.ExecContext(b.Context(), text, args...); err != nil {
			b.Fatalf("%v: %s", err, text)
		}
	}
	exec(fmt.Sprintf(fillingOf[driver], rows, noon.UnixMilli(), step.Milliseconds()))
	exec(fillStatements[0], rows, string(explanation), body, []byte("{}"))
	for _, text := range fillStatements[1:] {
		exec(text)
	}
	exec("ANALYZE")
	err = db.QueryRowContext(b.Context(), "SELECT MAX(id), (SELECT id FROM filling WHERE n = (SELECT MAX(n) / 2 FROM filling)) FROM filling").
		Scan(&last, &middle)
	if err != nil {
		b.Fatal(err)
	}
	return last, middle
}

func (m *million) get(path string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	req.Header.Set("Authorization", "Bearer s3cret")
	rec := httptest.NewRecorder()
	m.handler.ServeHTTP(rec, req)
	return rec
}

// BenchmarkMillion makes each page over a million deliveries, and follows 200 open pages, on both databases. The aims: a
// page in 50 ms and 100 kB; 200 open pages, while 20 deliveries come in each second, under a tenth of a core.
func BenchmarkMillion(b *testing.B) {
	for name, driver := range map[string]string{"sqlite": "sqlite", "postgres": "pgx"} {
		b.Run("db="+name, func(b *testing.B) { newMillion(b, driver).measure(b) })
	}
}

// measure makes each page.
func (m *million) measure(b *testing.B) {
	for _, p := range []struct{ name, path string }{
		{"overview", "/"},
		{"month", "/?span=30d"},
		{"deliveries", "/deliveries"},
		{"middle", "/deliveries?before=" + m.middle},
		{"rule", "/deliveries?rule=retrain"},
		{"verdict", "/deliveries?verdict=matched"},
		{"none", "/deliveries?verdict=error"},
		{"not-matched", "/deliveries?rule=retrain&verdict=not_matched"},
		{"repo", "/deliveries?repo=acme-lab/repo-77"},
		{"text", "/deliveries?text=no-such-name"},
		{"both", "/deliveries?repo=acme-lab/repo-77&rule=retrain&verdict=error"},
		{"delivery", "/deliveries/" + m.last},
		{"runs", "/runs"},
		{"failed", "/runs?state=failed"},
		{"failed-repo", "/runs?state=failed&repo=acme-lab/repo-77&text=no-such-name"},
		{"rules", "/rules"},
		{"audit", "/audit"},
		{"api", "/api/v1/deliveries"},
	} {
		b.Run("page="+p.name, func(b *testing.B) {
			size, before := 0, cpu()
			for b.Loop() {
				rec := m.get(p.path)
				if rec.Code != http.StatusOK {
					b.Fatalf("%s: %d", p.path, rec.Code)
				}
				size = rec.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes")
			// What this process used, which a busy machine does not make more: with SQLite the whole, else without the database.
			b.ReportMetric((cpu()-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
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
