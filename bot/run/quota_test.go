package run_test

import (
	"context"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/store"
)

// What an action counts is counted for all runs, also after a restart, and apart from what other actions count.
func TestQuotaSurvivesARestart(t *testing.T) {
	t.Parallel()
	path := sqlite(t)
	ask := func(ctx context.Context, rt *actions.Runtime, _ in) (out, error) {
		ok, err := rt.Take(ctx, "alice", 2, time.Hour)
		if again, err := rt.Take(ctx, "alice", 2, time.Hour); err != nil || again != ok {
			t.Errorf("the same step counts twice: %v %v", again, err)
		}
		return map[bool]out{true: {Text: "yes"}, false: {Text: "no"}}[ok], err
	}
	acts := map[string]do{"test.ask": ask, "test.other": ask}
	run := func(b *bot, key, uses string) any {
		id := b.insertRun(&store.Run{Plan: store.Plan{Key: key, Steps: []store.StepPlan{{ID: "a", Uses: uses}}}}, nil)
		return b.await(id, store.Succeeded).Steps[0].Outputs["text"]
	}
	first := newBot(t, path, acts)
	one, two := run(first, "1", "test.ask"), run(first, "2", "test.ask")
	first.close()
	second := newBot(t, path, acts)
	if three, other := run(second, "3", "test.ask"), run(second, "3", "test.other"); one != "yes" || two != "yes" || three != "no" ||
		other != "yes" {
		t.Errorf("got %v, %v, after a restart %v, of another action %v", one, two, three, other)
	}
}
