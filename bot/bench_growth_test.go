//go:build unix

package bot_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// fill keeps so many matched deliveries in a database, as if they had come in one by one.
func fill(b *testing.B, url string, deliveries int) {
	b.Helper()
	s, err := store.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	pad, now := "printf('%012d', n)", time.Now().UnixMicro()
	body := "CAST(text AS BLOB)"
	if strings.HasPrefix(url, "postgres") {
		pad, body = "lpad(n::text, 12, '0')", "convert_to(text, 'UTF8')"
	}
	_, err = s.DB().ExecContext(b.Context(), fmt.Sprintf(`
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d),
		rows AS (SELECT n, '00000000-0000-7000-8000-' || %s AS id, '%s' AS text FROM numbers)
		INSERT INTO deliveries (id, webhook_id, key, key_salt, received_at, source, replay_of, scope, action, repo, repo_type, hook,
			is_public, state, duplicates, error, verdicts, explanation, body)
		SELECT id, id, id, '', %d - %d + n, 'webhook', '', 'discussion', 'create', 'demo/tiny', 'model', '', 1, 'matched', 0, '',
			'{"note":"not_matched"}', '{"rules":[]}', %s FROM rows`,
		deliveries, pad, strings.ReplaceAll(benchBody("kept"), "'", "''"), now, deliveries, body))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.DB().ExecContext(b.Context(),
		`INSERT INTO dedupe (key, delivery_id, expires_at) SELECT key, id, 0 FROM deliveries`); err != nil {
		b.Fatal(err)
	}
	if _, err := s.DB().ExecContext(b.Context(), `ANALYZE`); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkKept is deliveries with a run each, by 64 senders, to a bot that has kept so many before; and its memory then.
// A million takes about 3 GB of disk for each database; -short leaves it out.
func BenchmarkKept(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, kept := range []int{1_000, 10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprint(kind, "/", kept), func(b *testing.B) {
				if testing.Short() && kept > 100_000 {
					b.Skip("left out by -short")
				}
				url := benchDatabase(b, kind)
				fill(b, url, kept) // once, while what is measured begins several times
				b.Run("more", func(b *testing.B) {
					var ran atomic.Int64
					webhook := serveBench(b, url, "discussion.create", func(string) { ran.Add(1) })
					load(b, []string{webhook}, &ran)
					debug.FreeOSMemory()
					b.ReportMetric(resident(b), "RSS-MB")
				})
			})
		}
	}
}

// BenchmarkInstances is deliveries with a run each, by 64 senders, to several bots on one PostgreSQL. They share this
// machine's processors, and those of the server.
func BenchmarkInstances(b *testing.B) {
	for _, count := range []int{1, 2, 3} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			url := benchDatabase(b, "postgres")
			var ran atomic.Int64
			var webhooks []string
			for range count {
				webhooks = append(webhooks, serveBench(b, url, "discussion.create", func(string) { ran.Add(1) }))
			}
			load(b, webhooks, &ran)
		})
	}
}

// BenchmarkIdle is what a bot uses that has nothing to do: processor time for each minute, and memory. An iteration is a
// second.
func BenchmarkIdle(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			serveBench(b, benchDatabase(b, kind), "discussion.create", func(string) {})
			time.Sleep(3 * time.Second) // the start is not idle
			runtime.GC()
			used := processorTime(b)
			b.ResetTimer()
			time.Sleep(time.Duration(b.N) * time.Second)
			b.ReportMetric((processorTime(b)-used).Seconds()*60/b.Elapsed().Seconds(), "cpu-s/min")
			b.ReportMetric(resident(b), "RSS-MB")
		})
	}
}

// load delivers b.N events by 64 senders, waits for their runs, and reports rates, how long a sender waits, and how many
// deliveries shared a commit.
func load(b *testing.B, webhooks []string, ran *atomic.Int64) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	var n, waited atomic.Int64
	fresh := time.Now().UnixNano() // another time on the same database, other deliveries
	b.ResetTimer()
	var senders sync.WaitGroup
	for i := range 64 {
		senders.Go(func() {
			for k := n.Add(1); k <= int64(b.N); k = n.Add(1) {
				began := time.Now()
				deliver(b, client, webhooks[i%len(webhooks)], fmt.Sprint(fresh, "-", k))
				waited.Add(int64(time.Since(began)))
			}
		})
	}
	senders.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepted/s")
	for ran.Load() < int64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "done/s")
	b.ReportMetric(float64(waited.Load())/float64(b.N)/1e6, "answer-ms")
	b.StopTimer()
	var sum, count float64
	for _, webhook := range webhooks {
		s, c := batches(b, strings.TrimSuffix(webhook, "/webhook"))
		sum, count = sum+s, count+c
	}
	b.ReportMetric(sum/count, "batch")
}

// batches reads how many deliveries a bot wrote, and in how many commits.
func batches(b *testing.B, url string) (deliveries, commits float64) {
	b.Helper()
	res, err := http.Get(url + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "hfbot_ingest_batch_size_sum":
			deliveries, err = strconv.ParseFloat(value, 64)
		case "hfbot_ingest_batch_size_count":
			commits, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return deliveries, commits
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// resident is the memory of this process, in MB.
func resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * float64(os.Getpagesize()) / 1e6
}
