package run_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
)

// What a step logs and reports is kept: also below the bot's own log level, with secrets masked, and bounded.
func TestRecord(t *testing.T) {
	t.Parallel()
	b := newBot(t, sqlite(t), map[string]do{
		"test.talk": func(_ context.Context, rt *actions.Runtime, _ in) (out, error) {
			rt.Log.Debug("quiet", zap.String("with", "hush-hush"))
			rt.Log.With(zap.Int("n", 7)).Warn("loud")
			rt.Report(1, 4, "one of four, hush-hush")
			rt.Report(3, 4, "three of four, hush-hush")
			return out{}, nil
		},
		"test.flood": func(_ context.Context, rt *actions.Runtime, _ in) (out, error) {
			for i := range 2_000 {
				rt.Log.Info(fmt.Sprint("line ", i))
			}
			rt.Log.Info(strings.Repeat("x", 10_000))
			return out{}, actions.Permanentf("too much of hush-hush")
		},
	}, func(o *run.Options) {
		o.LookupEnv = func(string) (string, bool) { return "hush-hush", true }
	})
	secrets := map[string]string{"token": "TOKEN"}
	id := b.insert(store.StepPlan{ID: "a", Uses: "test.talk", Secrets: secrets},
		store.StepPlan{ID: "b", Uses: "test.flood", Secrets: secrets})
	b.await(id, store.RunFailed)
	lines, err := b.store.Logs(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	var talk, flood []string
	for _, l := range lines {
		text := l.Level + " " + l.Message
		if l.Step == 0 {
			talk = append(talk, text)
		} else {
			flood = append(flood, text)
		}
	}
	want := []string{
		"info test.talk begins, attempt 1", "debug quiet with=[redacted]", "warn loud n=7", "info done",
	}
	if fmt.Sprint(talk) != fmt.Sprint(want) {
		t.Errorf("talk: %q, want %q", talk, want)
	}
	if n := len(flood); n != 1_002 || flood[n-2] != "warn 1002 more lines are not kept" ||
		flood[n-1] != "error too much of [redacted]" {
		t.Errorf("flood: %d lines, the last %q", n, flood[max(n-2, 0):])
	}
	progress, err := b.store.Progress(t.Context(), id)
	if err != nil || len(progress) != 1 || progress[0].Done != 3 || progress[0].Note != "three of four, [redacted]" {
		t.Errorf("progress: %+v, %v", progress, err)
	}
}
