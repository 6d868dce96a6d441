package bot_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/otlp"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// sentSpan is a span as a collector gets it.
type sentSpan struct {
	TraceID, SpanID, ParentSpanID, Name string

	Attributes []struct {
		Key   string
		Value struct{ StringValue string }
	}
}

// spanCollector takes spans, and keeps the last one of each name.
func spanCollector(t *testing.T) (url string, take func() map[string]sentSpan) {
	t.Helper()
	var mu sync.Mutex
	spans := map[string]sentSpan{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var request struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []sentSpan }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, of := range request.ResourceSpans {
			for _, by := range of.ScopeSpans {
				for _, span := range by.Spans {
					spans[span.Name] = span
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() map[string]sentSpan {
		mu.Lock()
		defer mu.Unlock()
		return spans
	}
}

// TestTrace follows one delivery through its spans, over a restart of the bot between the delivery and its run: all belong
// to one trace, from the delivery over the run and its step to the calls to the Hub.
func TestTrace(t *testing.T) {
	t.Parallel()
	url, spans := spanCollector(t)
	tracer, closeTracer, err := otlp.Open("v1", func(name string) (string, bool) {
		return url, name == "OTEL_EXPORTER_OTLP_ENDPOINT"
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, strings.Replace(welcome, "on: discussion.create",
		"on: discussion.create\n    debounce: {key: repo.id, wait: 2s}", 1))
	s.change = func(o *bot.Options) { o.Tracer = tracer }
	s.stop()
	s.start()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	id, _ := s.send(s.discussion(d.Num), "wh-1")
	matched := func(d store.Delivery) bool { return d.ID == id && d.Verdicts["welcome"] == "matched" }
	for tick := time.Tick(10 * time.Millisecond); !slices.ContainsFunc(s.deliveries(), matched); <-tick {
		s.must(s.ctx.Err())
	}
	s.stop()
	s.start()
	s.settle()
	s.stop() // which ends all spans
	closeTracer(context.WithoutCancel(s.ctx))

	sent := spans()
	for child, parent := range map[string]string{
		"match": "delivery", "run welcome": "delivery", "step #1": "run welcome", "POST": "step #1", "GET": "step #1",
	} {
		of, below := sent[parent], sent[child]
		if of.SpanID == "" || below.TraceID != of.TraceID || below.ParentSpanID != of.SpanID {
			t.Errorf("%q is not below %q in %+v", child, parent, sent)
		}
	}
	for _, kv := range sent["POST"].Attributes {
		if kv.Key == "url.path" && kv.Value.StringValue != "/api/models/demo/tiny/discussions/1/comment" {
			t.Errorf("the call was to %q", kv.Value.StringValue)
		}
	}
}

// TestTraceFacts has a step whose condition asks the Hub, which nothing before it did: the call belongs to the step.
func TestTraceFacts(t *testing.T) {
	t.Parallel()
	url, spans := spanCollector(t)
	tracer, closeTracer, err := otlp.Open("v1", func(name string) (string, bool) {
		return url, name == "OTEL_EXPORTER_OTLP_ENDPOINT"
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, `version: 1
rules:
  - id: look
    on: discussion.create
    steps:
      - {id: only, if: "has_tag('never-given')", uses: hub.comment, with: {body: "It has."}}
`)
	s.change = func(o *bot.Options) { o.Tracer = tracer }
	s.stop()
	s.start()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	s.must(err)
	s.send(s.discussion(d.Num), "wh-1")
	s.settle()
	s.stop() // which ends all spans
	closeTracer(context.WithoutCancel(s.ctx))
	sent := spans()
	for child, parent := range map[string]string{"run look": "delivery", "step only": "run look", "GET": "step only"} {
		of, below := sent[parent], sent[child]
		if of.SpanID == "" || below.TraceID != of.TraceID || below.ParentSpanID != of.SpanID {
			t.Errorf("%q is not below %q in %+v", child, parent, sent)
		}
	}
}
