package dev

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	clock = time.TimeOnly
	long  = 15 * time.Second // to wait while one looks on
)

// Feed tells in lines what comes of the events, as they happen.
type Feed struct {
	dev        *Dev
	deliveries map[string]bool           // told
	runs       map[string]store.RunState // as last told
	rules      *rule.Set                 // in force, as last told
	wrong      string                    // with the files, as last told
}

// NewFeed begins to follow a stage.
func NewFeed(d *Dev) *Feed {
	return &Feed{dev: d, deliveries: map[string]bool{}, runs: map[string]store.RunState{}, rules: d.Bot.Rules()}
}

// Next is what happened since the last call.
func (f *Feed) Next(ctx context.Context) (lines []string, err error) {
	lines = f.reload()
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
		lines = append(lines, f.run(r)...)
	}
	return lines, nil
}

// reload tells of rules that were saved: that they are in force, or what is wrong with them.
func (f *Feed) reload() (lines []string) {
	now := time.Now().Format(clock) + "  " + strings.Join(f.dev.opts.Rules, " ")
	if set := f.dev.Bot.Rules(); set != f.rules {
		f.rules = set
		lines = append(lines, now+": "+inForce(set))
	}
	problems := f.dev.Bot.RuleProblems()
	if wrong := problems.Text(); wrong != f.wrong {
		if f.wrong = wrong; wrong != "" {
			lines = append(lines, strings.Split(wrong+now+": not taken; as before, "+inForce(f.rules), "\n")...)
		}
	}
	return lines
}

func inForce(set *rule.Set) string {
	if len(set.Rules) == 1 {
		return "1 rule in force"
	}
	return fmt.Sprintf("%d rules in force", len(set.Rules))
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
	return fmt.Sprintf("%s  %s %s on %s: %s  %s/deliveries/%s", d.ReceivedAt.Local().Format(clock), d.Scope, d.Action,
		d.Repo, strings.Join(parts, ", "), f.dev.Bot.URL(), d.ID)
}

// telling tells whether the state of a run is worth a line.
func telling(r store.Run) bool { return r.State == store.Waiting || !r.FinishedAt.IsZero() }

func (f *Feed) run(r store.Run) []string {
	line := fmt.Sprintf("          %s %s", r.Rule, r.State)
	for _, why := range []string{r.Reason, r.Error} {
		if why != "" {
			line += ": " + why
		}
	}
	if r.State == store.Waiting && !r.WaitUntil.IsZero() {
		line += ", until " + r.WaitUntil.Local().Format(clock)
	}
	url := f.dev.Bot.URL()
	lines := []string{line + "  " + url + "/runs/" + r.ID}
	if r.State == store.Waiting && time.Until(r.WaitUntil) > long {
		lines = append(lines, fmt.Sprintf(
			"          to run it now: hfbot runs cancel %s --server %s && hfbot runs retry %[1]s --server %[2]s", r.ID, url))
	}
	return lines
}
