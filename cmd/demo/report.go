package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// Report is what the demo tells, as JSON or as a timeline.
type Report struct {
	OK          bool        `json:"ok"`
	Deliveries  int         `json:"deliveries"`
	Runs        []RunReport `json:"runs"`
	PullRequest struct {
		Num int    `json:"num"`
		URL string `json:"url"`
	} `json:"pull_request"`
	Comment struct {
		URL string `json:"url"`
	} `json:"comment"`
	CI struct {
		Calls int `json:"calls"`
	} `json:"ci"`
	Error string `json:"error,omitempty"`

	timeline []line
}

// RunReport is one run.
type RunReport struct {
	ID    string         `json:"id"`
	Rule  string         `json:"rule"`
	State store.RunState `json:"state"`
}

// line is one line of the timeline.
type line struct {
	at   time.Time
	text string
	deep bool // belongs to the line above
}

// Report tells what happened; failure is what Wait or Check found wrong, or nil.
func (d *Demo) Report(ctx context.Context, out Outcome, failure error) (*Report, error) {
	deliveries, err := d.Bot.Store().Deliveries(ctx, store.Filter{Limit: 100})
	if err != nil {
		return nil, err
	}
	r := &Report{OK: failure == nil, Deliveries: len(deliveries), Runs: []RunReport{}}
	if failure != nil {
		r.Error = failure.Error()
	}
	r.CI.Calls, r.Comment.URL = out.CICalls, out.Comment
	if r.PullRequest.Num = out.PullRequest; out.PullRequest > 0 {
		r.PullRequest.URL = fmt.Sprintf("%s/discussions/%d", d.user.RepoURL(repo), out.PullRequest)
	}
	if err := d.addRuns(ctx, r); err != nil {
		return nil, err
	}
	for _, summary := range deliveries {
		whole, err := d.Bot.Store().Delivery(ctx, summary.ID) // with its body
		if err != nil {
			return nil, err
		}
		r.add(whole.ReceivedAt, true, d.tell(ctx, whole))
	}
	for _, a := range d.acts {
		r.add(a.at, false, a.text)
	}
	slices.SortStableFunc(r.timeline, func(a, b line) int { return a.at.Compare(b.at) })
	return r, nil
}

func (r *Report) add(at time.Time, deep bool, text string) {
	r.timeline = append(r.timeline, line{at, text, deep})
}

// addRuns adds the runs, oldest first, and a line for each.
func (d *Demo) addRuns(ctx context.Context, r *Report) error {
	runs, err := d.Bot.Store().Runs(ctx, store.Filter{Limit: 100})
	if err != nil {
		return err
	}
	slices.SortFunc(runs, func(a, b store.Run) int { return cmp.Compare(a.ID, b.ID) })
	for _, summary := range runs {
		whole, err := d.Bot.Store().Run(ctx, summary.ID)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, RunReport{whole.ID, whole.Rule, whole.State})
		steps := make([]string, len(whole.Steps))
		for i, s := range whole.Steps {
			steps[i] = s.Uses + " " + string(s.State)
			if s.Error != "" {
				steps[i] += " (" + s.Error + ")"
			}
		}
		at := cmp.Or(whole.FinishedAt, whole.CreatedAt)
		r.add(at, true, fmt.Sprintf("run      %s %s: %s", whole.Rule, whole.State, strings.Join(steps, ", ")))
	}
	return nil
}

// tell puts a delivery into words: what happened and what the rules made of it.
func (d *Demo) tell(ctx context.Context, delivery *store.Delivery) string {
	what := strings.TrimSpace(delivery.Scope + " " + delivery.Action)
	p, err := hub.ParsePayload(delivery.Body)
	if err != nil {
		return "delivery " + what
	}
	for _, u := range p.UpdatedRefs {
		what += " of " + u.Ref
	}
	if p.Discussion != nil {
		what += fmt.Sprintf(" on #%d", p.Discussion.Num)
	}
	var verdicts []string
	for _, rule := range slices.Sorted(maps.Keys(delivery.Verdicts)) {
		if v := delivery.Verdicts[rule]; v != "not_matched" {
			verdicts = append(verdicts, v+" "+rule)
		}
	}
	if d.byBot(ctx, p) {
		return fmt.Sprintf("delivery %s: skipped, the bot's own act", what)
	}
	if len(verdicts) == 0 {
		return fmt.Sprintf("delivery %s: no rule matches", what)
	}
	return fmt.Sprintf("delivery %s: %s", what, strings.Join(verdicts, ", "))
}

// byBot asks the Hub whether the bot's account caused an event.
func (d *Demo) byBot(ctx context.Context, p *hub.Payload) bool {
	for _, u := range p.UpdatedRefs {
		for c, err := range d.user.Commits(ctx, repo, u.NewSHA) {
			return err == nil && slices.Contains(c.Authors, botName)
		}
	}
	var who string
	switch {
	case p.Comment != nil:
		who = p.Comment.Author.ID
	case p.Discussion != nil:
		who = p.Discussion.Author.ID
	default:
		return false
	}
	me, err := d.Hub.Client(botName).WhoAmI(ctx)
	return err == nil && who == me.ID
}

// WriteJSON prints the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText prints the timeline and the result for a person.
func (r *Report) WriteText(w io.Writer, begun time.Time) error {
	var text strings.Builder
	for _, l := range r.timeline {
		indent := ""
		if l.deep {
			indent = "  "
		}
		fmt.Fprintf(&text, "%7.2fs  %s%s\n", l.at.Sub(begun).Seconds(), indent, l.text)
	}
	text.WriteString("\n")
	if r.OK {
		fmt.Fprintf(&text, "Read back from the Hub:\n  pull request  %s\n  comment       %s\n  CI calls      %d\n",
			r.PullRequest.URL, r.Comment.URL, r.CI.Calls)
	} else {
		fmt.Fprintf(&text, "It did not all happen:\n  %s\n", strings.ReplaceAll(r.Error, "\n", "\n  "))
	}
	_, err := io.WriteString(w, text.String())
	return err
}
