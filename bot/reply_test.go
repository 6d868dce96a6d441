package bot

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
	"github.com/hfbot/hfbot/bot/webhook"
	"github.com/hfbot/hfbot/hub"
)

// TestRepliesAreBounded has people ask several bots of one database at the same time, on each database: they answer so often
// as one bot may.
func TestRepliesAreBounded(t *testing.T) {
	t.Parallel()
	for name, bots := range map[string]int{"sqlite": 1, "postgres": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "sqlite::memory:"
			if bots > 1 {
				url = pgtest.Database(t, nil)
			}
			if answered := replies(t, url, bots, 2*maxReplies/bots); answered != maxReplies {
				t.Errorf("%d questions of %d were answered, want %d", answered, 2*maxReplies, maxReplies)
			}
		})
	}
}

// replies has so many bots decide about so many questions each, and counts the runs that answer.
func replies(t *testing.T, url string, bots, each int) int {
	t.Helper()
	var asking sync.WaitGroup
	var last *store.Store
	for b := range bots {
		s, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		d := newDispatcher(s, nil, nil, nil, 1, zap.NewNop())
		d.tracer, d.metrics, last = noop.NewTracerProvider().Tracer(""), newMetrics(s), s
		asking.Go(func() {
			for i := range each {
				d.write(t.Context(), []*decision{question(t, s, fmt.Sprint(b, "-", i))})
			}
		})
	}
	asking.Wait()
	runs, err := last.Runs(context.Background(), store.Filter{Rule: rule.OwnID, Limit: bots * each})
	if err != nil {
		t.Fatal(err)
	}
	return len(runs)
}

// question is what was decided about a comment that wants an answer.
func question(t *testing.T, s *store.Store, id string) *decision {
	t.Helper()
	delivery := webhook.NewDelivery([]byte(pullBody), id, s.Now())
	var err error
	if delivery.ID, _, err = s.Accept(t.Context(), delivery); err != nil {
		t.Error(err)
	}
	p, err := hub.ParsePayload(delivery.Body)
	if err != nil {
		t.Error(err)
	}
	_, span := noop.NewTracerProvider().Tracer("").Start(t.Context(), "match")
	return &decision{
		delivery: &delivery, payload: p, verdict: &verdictOn{Explanation: rule.Explanation{}}, span: span,
		wishes: []wish{{note: "somebody asks", reply: "I answer."}},
	}
}
