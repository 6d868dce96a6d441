package dev

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/bot/store"
)

// Feed tells in lines what comes of the events, as they happen.
type Feed struct {
	dev        *Dev
	deliveries map[string]bool           // told
	runs       map[string]store.RunState // as last told
}

// NewFeed begins to follow a stage.
func NewFeed(d *Dev) *Feed {
	return &Feed{dev: d, deliveries: map[string]bool{}, runs: map[string]store.RunState{}}
}

// Next is what happened since the last call.
func (f *Feed) Next(ctx context.Context) (lines []string, err error) {
	db := f.dev.Bot.Store()
	deliveries, err := db.Deliveries(ctx, store.Filter{})
	if err != nil {
		return nil, err
	}
	for _, d := range slices.Backward(deliveries) {
		if !f.deliveries[d.ID] && d.State != store.Received {
			f.deliveries[d.ID] = true
			lines = append(lines, f.delivery(d))
		}
	}
	runs, err := db.Runs(ctx, store.Filter{})
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Backward(runs) {
		if f.runs[r.ID] == r.State || !telling(r) {
			continue
		}
		f.runs[r.ID] = r.State
		lines = append(lines, f.run(r))
	}
	return lines, nil
}

func (f *Feed) delivery(d store.Delivery) string {
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(d.Verdicts)) {
		if verdict := d.Verdicts[rule]; verdict != "not_matched" {
			parts = append(parts, rule+" "+verdict)
		}
	}
	if len(parts) == 0 {
		parts = []string{"no rule matched"}
	}
	return fmt.Sprintf("%s  %s %s on %s: %s  %s/deliveries/%s", d.ReceivedAt.Local().Format("15:04:05"), d.Scope, d.Action,
		d.Repo, strings.Join(parts, ", "), f.dev.Bot.URL(), d.ID)
}

// telling tells whether the state of a run is worth a line.
func telling(r store.Run) bool { return r.State == store.Waiting || !r.FinishedAt.IsZero() }

func (f *Feed) run(r store.Run) string {
	line := fmt.Sprintf("          %s %s", r.Rule, r.State)
	for _, why := range []string{r.Reason, r.Error} {
		if why != "" {
			line += ": " + why
		}
	}
	return line + "  " + f.dev.Bot.URL() + "/runs/" + r.ID
}
