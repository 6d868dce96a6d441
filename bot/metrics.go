package bot

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// scrapeTimeout bounds what a scrape asks the database.
const scrapeTimeout = 5 * time.Second

// latencies are the bounds of histograms of time, in seconds.
var latencies = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}

// metrics count what one instance does. What is in the database is asked for when they are scraped.
type metrics struct {
	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec
	verdicts   *prometheus.CounterVec
	runs       *prometheus.CounterVec
	steps      *prometheus.HistogramVec
	start      prometheus.Histogram
	groupSize  prometheus.Histogram
	groupTime  prometheus.Histogram
	hubCalls   *prometheus.HistogramVec
}

func newMetrics(s *store.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hfbot_deliveries_total", Help: "Deliveries by result: accepted, duplicate, or refused by a full or slow database.",
		}, []string{"result"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hfbot_verdicts_total", Help: "Verdicts of rules, those that did not match left out.",
		}, []string{"rule", "verdict"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hfbot_runs_total", Help: "Runs that ended, by rule and state.",
		}, []string{"rule", "state"}),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hfbot_step_seconds", Help: "Attempts at steps, by action and state; waiting: failed and to be repeated.",
			Buckets: latencies,
		}, []string{"action", "state"}),
		start: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hfbot_start_seconds", Help: "From a delivery to the first step of its run, of runs that had nothing to wait for.",
			Buckets: latencies,
		}),
		groupSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hfbot_ingest_batch_size", Help: "Deliveries that were written in one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256},
		}),
		groupTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hfbot_ingest_commit_seconds", Help: "How long a commit of deliveries took.", Buckets: latencies,
		}),
		hubCalls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hfbot_hub_call_seconds", Help: "Calls to the Hub, by method and status; error: no answer.", Buckets: latencies,
		}, []string{"method", "status"}),
	}
	m.registry.MustRegister(m.deliveries, m.verdicts, m.runs, m.steps, m.start, m.groupSize, m.groupTime, m.hubCalls,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.OnGroup(func(size int, took time.Duration) {
		m.groupSize.Observe(float64(size))
		m.groupTime.Observe(took.Seconds())
	})
	return m
}

// RunStarted implements run.Observer.
func (m *metrics) RunStarted(after time.Duration) { m.start.Observe(after.Seconds()) }

// StepEnded implements run.Observer.
func (m *metrics) StepEnded(action string, state store.RunState, took time.Duration) {
	m.steps.WithLabelValues(action, string(state)).Observe(took.Seconds())
}

// RunEnded implements run.Observer.
func (m *metrics) RunEnded(rule string, state store.RunState) {
	m.runs.WithLabelValues(rule, string(state)).Inc()
}

// matched counts the verdicts of a delivery.
func (m *metrics) matched(outcomes []rule.Outcome) {
	if m == nil {
		return
	}
	for _, o := range outcomes {
		if o.Verdict != rule.VerdictNotMatched {
			m.verdicts.WithLabelValues(o.RuleID, string(o.Verdict)).Inc()
		}
	}
}

// received counts a delivery by what became of it.
func (m *metrics) received(duplicate bool, err error) {
	result := "accepted"
	switch {
	case err != nil:
		result = "refused"
	case duplicate:
		result = "duplicate"
	}
	m.deliveries.WithLabelValues(result).Inc()
}

// countCalls makes a client's calls count.
func (m *metrics) countCalls(next http.RoundTripper) http.RoundTripper { return countedCalls{next, m} }

type countedCalls struct {
	next    http.RoundTripper
	metrics *metrics
}

// RoundTrip implements http.RoundTripper.
func (c countedCalls) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	res, err := c.next.RoundTrip(r)
	status := "error"
	if err == nil {
		status = strconv.Itoa(res.StatusCode)
	}
	c.metrics.hubCalls.WithLabelValues(r.Method, status).Observe(time.Since(began).Seconds())
	return res, err
}

// handler answers a scrape.
func (m *metrics) handler() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 2 * scrapeTimeout}))
}

// stock tells what is in the database, and what the Hub still allows.
type stock struct {
	store *store.Store
	hub   *hub.Client
	rules *ruleBook
}

var (
	stockRuns = prometheus.NewDesc("hfbot_runs", "Runs that are not over, by state, of all instances.", []string{"state"}, nil)
	stockAge  = prometheus.NewDesc("hfbot_queue_age_seconds", "How long the oldest queued run has been due.", nil, nil)
	stockUp   = prometheus.NewDesc("hfbot_database_up", "1 when the database answered this scrape.", nil, nil)
	stockWait = prometheus.NewDesc("hfbot_ingest_waiting", "Deliveries that wait to be written.", nil, nil)
	stockLeft = prometheus.NewDesc("hfbot_hub_budget_left", "Calls that the Hub still allows in its present window.",
		[]string{"kind"}, nil)
	stockOff = prometheus.NewDesc("hfbot_breakers_open", "Repositories on which a rule's breaker is open.", []string{"rule"}, nil)
	stockBad = prometheus.NewDesc("hfbot_rules_problems",
		"Errors in the rule files; while there are any, the last good rules stay in force.", nil, nil)
)

// Describe implements prometheus.Collector.
func (stock) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stockRuns, stockAge, stockUp, stockWait, stockLeft, stockOff, stockBad} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s stock) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, b := range s.hub.Budgets() {
		gauge(stockLeft, float64(b.Remaining), b.Kind)
	}
	gauge(stockWait, float64(s.store.Waiting()))
	gauge(stockBad, float64(len(s.rules.problems())))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	backlog, err := s.store.Backlog(ctx)
	if err != nil {
		gauge(stockUp, 0)
		return
	}
	gauge(stockUp, 1)
	for _, state := range []store.RunState{store.Queued, store.Waiting, store.Running} {
		gauge(stockRuns, float64(backlog.Runs[state]), string(state))
	}
	if open, err := s.store.OpenBreakers(ctx, ""); err == nil {
		byRule := map[string]int{}
		for _, b := range open {
			byRule[b.Rule]++
		}
		for name, n := range byRule {
			gauge(stockOff, float64(n), name)
		}
	}
	age := 0.0
	if !backlog.Oldest.IsZero() {
		age = max(0, s.store.Now().Sub(backlog.Oldest).Seconds())
	}
	gauge(stockAge, age)
}
