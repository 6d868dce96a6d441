package otlp_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/bot/otlp"
)

// collector keeps what it is sent, and refuses the first calls.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	refuse  []int // statuses of the first calls
	calls   int
	headers http.Header
	spans   []map[string]any
	about   map[string]any
}

func newCollector(t *testing.T, refuse ...int) *collector {
	t.Helper()
	c := &collector{refuse: refuse}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls++
		if c.calls <= len(c.refuse) {
			w.WriteHeader(c.refuse[c.calls-1])
			return
		}
		if err := c.take(r); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(r *http.Request) error {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
		return errors.New("not a call of OTLP in JSON")
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = unpacked
	}
	var request struct {
		ResourceSpans []struct {
			Resource   map[string]any
			ScopeSpans []struct {
				Spans []map[string]any
			}
		}
	}
	if err := json.NewDecoder(body).Decode(&request); err != nil {
		return err
	}
	c.headers = r.Header
	for _, of := range request.ResourceSpans {
		c.about = of.Resource
		for _, by := range of.ScopeSpans {
			c.spans = append(c.spans, by.Spans...)
		}
	}
	return nil
}

// environment looks variables up in a map.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// send makes a span below another one and sends both.
func send(t *testing.T, vars map[string]string) {
	t.Helper()
	tracer, closeTracer, err := otlp.Open("v1.2.3", environment(vars), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, parent := tracer.Start(t.Context(), "parent", trace.WithSpanKind(trace.SpanKindServer))
	_, child := tracer.Start(ctx, "child", trace.WithAttributes(
		attribute.String("text", "ä"), attribute.Int("number", 6), attribute.Bool("truth", true), attribute.Float64("share", 0.5),
		attribute.StringSlice("list", []string{"a", "b"}),
	))
	child.SetAttributes(attribute.Int("number", 7))
	child.SetStatus(codes.Error, "no luck")
	child.End()
	parent.End()
	closeTracer(context.WithoutCancel(t.Context()))
}

func TestSpansArrive(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{
		"plain": {},
		"gzip":  {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, http.StatusServiceUnavailable)
			vars["OTEL_EXPORTER_OTLP_ENDPOINT"] = c.URL + "/"
			vars["OTEL_RESOURCE_ATTRIBUTES"], vars["OTEL_SERVICE_NAME"] = "deployment.environment=a%20test", "helper"
			vars["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=not%20secret, x-other=b"
			send(t, vars)
			if c.headers.Get("X-Key") != "not secret" || c.headers.Get("X-Other") != "b" {
				t.Errorf("headers %v", c.headers)
			}
			if len(c.spans) != 2 {
				t.Fatalf("spans %v, want two, after a refusal", c.spans)
			}
			child, parent := c.spans[0], c.spans[1]
			if child["traceId"] != parent["traceId"] || child["parentSpanId"] != parent["spanId"] || parent["parentSpanId"] != nil {
				t.Errorf("child %v of parent %v", child, parent)
			}
			want := []any{
				map[string]any{"key": "text", "value": map[string]any{"stringValue": "ä"}},
				map[string]any{"key": "number", "value": map[string]any{"intValue": "7"}},
				map[string]any{"key": "truth", "value": map[string]any{"boolValue": true}},
				map[string]any{"key": "share", "value": map[string]any{"doubleValue": 0.5}},
				map[string]any{"key": "list", "value": map[string]any{"stringValue": `["a","b"]`}},
			}
			if diff := cmp.Diff(want, child["attributes"]); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]any{"code": 2.0, "message": "no luck"}, child["status"]); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if parent["kind"] != 2.0 || child["kind"] != 1.0 || len(parent["traceId"].(string)) != 32 {
				t.Errorf("kinds %v and %v, trace %v", parent["kind"], child["kind"], parent["traceId"])
			}
			about, err := json.Marshal(c.about)
			if err != nil || !strings.Contains(string(about), `{"stringValue":"helper"}`) || !strings.Contains(string(about), "v1.2.3") ||
				!strings.Contains(string(about), "a test") || strings.Contains(string(about), "hfbot") {
				t.Errorf("resource %s, %v", about, err)
			}
		})
	}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	c := newCollector(t, http.StatusUnauthorized)
	send(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL + "/v1/traces"}) // the failure is logged
	if c.calls != 1 {
		t.Errorf("%d calls, want one: a refusal is final", c.calls)
	}
}

// TestKeysAreNotLogged keeps the password and the key in a collector's address out of the log, also when it cannot be reached.
func TestKeysAreNotLogged(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.Close()
	core, logged := observer.New(zap.DebugLevel)
	tracer, closeTracer, err := otlp.Open("v1", environment(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": strings.Replace(c.URL, "://", "://key:hunter2@", 1) + "?key=hunter2",
		"OTEL_EXPORTER_OTLP_TIMEOUT":  "1",
	}), zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "span")
	span.End()
	closeTracer(t.Context())
	text := fmt.Sprint(logged.All())
	if !strings.Contains(text, c.URL+"/v1/traces") || !strings.Contains(text, "traces are not sent") || strings.Contains(text, "hunter2") {
		t.Errorf("logged: %s", text)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	for name, vars := range map[string]map[string]string{
		"no collector": {},
		"disabled":     {"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_SDK_DISABLED": "true"},
		"none of them": {"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_TRACES_SAMPLER": "always_off"},
		"no exporter":  {"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_TRACES_EXPORTER": "none"},
	} {
		tracer, closeTracer, err := otlp.Open("v1", environment(vars), zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if _, span := tracer.Start(t.Context(), "span"); span.IsRecording() {
			t.Errorf("%s: a span is recorded", name)
		}
		if closeTracer(t.Context()); c.calls != 0 {
			t.Errorf("%s: %d calls", name, c.calls)
		}
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for want, vars := range map[string]map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL":   {"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"},
		"OTEL_TRACES_EXPORTER: \"zipkin\"":                      {"OTEL_TRACES_EXPORTER": "zipkin"},
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported":     {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"OTEL_EXPORTER_OTLP_CERTIFICATE is not supported":       {"OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem"},
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: \"10s\"":            {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "10s"},
		"OTEL_EXPORTER_OTLP_COMPRESSION: \"zstd\"":              {"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"},
		"OTEL_TRACES_SAMPLER: \"jaeger\"":                       {"OTEL_TRACES_SAMPLER": "jaeger"},
		"OTEL_TRACES_SAMPLER_ARG: \"2\"":                        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
		"OTEL_EXPORTER_OTLP_HEADERS is not of the form":         {"OTEL_EXPORTER_OTLP_HEADERS": secret},
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS is not of the form ": {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "key=%zz" + secret},
	} {
		if vars["OTEL_EXPORTER_OTLP_ENDPOINT"] == "" {
			vars["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:4318"
		}
		_, _, err := otlp.Open("v1", environment(vars), zap.NewNop())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v: %v, want %q and no secret", vars, err, want)
		}
	}
}
