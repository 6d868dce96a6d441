package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	logShown   = 200      // lines of each step on the page of a run; the whole log is one link away
	logBytes   = 24 << 10 // of all of them
	valueShown = 4 << 10  // bytes of a step's inputs or outputs; the API has them whole
)

var runStates = []string{"queued", "waiting", "running", "succeeded", "failed", "cancelled", "skipped"}

func runRows(list []store.Run) ([]item, error) {
	items := make([]item, len(list))
	for i := range list {
		var err error
		if items[i], err = piece("r-"+list[i].ID, "piece_run_row.html", &list[i]); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// runs is the list.
func (d *Dashboard) runs(c echo.Context) error {
	f := filter(c)
	return d.answer(c, "runs", func(ctx context.Context, c echo.Context) (*page, error) {
		list, next, err := d.Store.RunPage(ctx, f)
		if err != nil {
			return nil, err
		}
		rows, err := runRows(list)
		if err != nil {
			return nil, err
		}
		return &page{
			Title: "Runs", Here: "runs", Next: older(c, next), Static: f.Before != "",
			Data: d.filterForm(f, runStates, nil), Regions: []region{{"runs", rows}},
		}, nil
	})
}

// stepCard is a step on the page of its run.
type stepCard struct {
	store.Step
	Run      string
	Plan     *store.StepPlan // nil when the plan has none
	Attempts []store.Attempt
	Progress *store.Progress
	Inputs   string
	Results  string
	Cut      bool // inputs or outputs are longer than what is shown
}

// Percent is how far the step is; -1 when it did not say of how much.
func (s stepCard) Percent() int {
	if s.Progress == nil || s.Progress.Total <= 0 {
		return -1
	}
	return int(min(s.Progress.Done, s.Progress.Total) * 100 / s.Progress.Total)
}

// Link is where the step's result is on the web; empty without.
func (s stepCard) Link() string {
	text, _ := s.Outputs["url"].(string)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return text
}

// run is the page of one.
func (d *Dashboard) run(c echo.Context) error {
	id := c.Param("id")
	return d.answer(c, "run", func(ctx context.Context, c echo.Context) (*page, error) {
		one, err := d.Store.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		attempts, err := d.Store.Attempts(ctx, id)
		if err != nil {
			return nil, err
		}
		progress, err := d.Store.Progress(ctx, id)
		if err != nil {
			return nil, err
		}
		log, err := d.logItems(ctx, one)
		if err != nil {
			return nil, err
		}
		head, err := piece("run-head", "piece_run_head.html", map[string]any{
			"Run": one, "CSRF": csrfOf(c), "Timeline": newTimeline(one, attempts, d.Now()),
			"CanCancel": !one.State.Final() && one.CancelReason == "",
			"CanRetry":  one.State == store.RunFailed || one.State == store.Cancelled,
		})
		if err != nil {
			return nil, err
		}
		steps, err := stepItems(one, attempts, progress)
		if err != nil {
			return nil, err
		}
		return &page{
			Title: "Run of " + one.Rule, Here: "runs", Data: one, Watch: []string{one.ID, one.DeliveryID},
			Regions: []region{{"head", []item{head}}, {"steps", steps}, {"log", log}},
		}, nil
	})
}

func stepItems(one *store.Run, attempts []store.Attempt, progress []store.Progress) ([]item, error) {
	allow := &allowance{36 << 10}
	var items []item
	for i, s := range one.Steps {
		card := stepCard{Step: s, Run: one.ID}
		if i < len(one.Plan.Steps) {
			card.Plan = &one.Plan.Steps[i]
		}
		for _, a := range attempts {
			if a.Step == s.Index {
				card.Attempts = append(card.Attempts, a)
			}
		}
		for j := range progress {
			if progress[j].Step == s.Index && s.State == store.Running {
				card.Progress = &progress[j]
			}
		}
		inputs, results := true, true
		if len(s.With) > 0 {
			card.Inputs, inputs = allow.take(valueShown, indented(s.With))
		}
		if len(s.Outputs) > 0 {
			card.Results, results = allow.take(valueShown, indented(s.Outputs))
		}
		card.Cut = !inputs || !results
		it, err := piece(fmt.Sprintf("s-%d", s.Index), "piece_step.html", card)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// logRow is a line of the log.
type logRow struct {
	store.LogLine
	ID    string // of the step
	First bool   // of its attempt
}

// logItems are the last lines of each step.
func (d *Dashboard) logItems(ctx context.Context, one *store.Run) ([]item, error) {
	lines, err := d.Store.Logs(ctx, one.ID, logShown)
	if err != nil {
		return nil, err
	}
	size, begin := 0, 0
	for i := len(lines) - 1; i >= 0 && begin == 0; i-- {
		if size += min(len(lines[i].Message), clauseShown) + 200; size > logBytes*2 {
			begin = i + 1
		}
	}
	var items []item
	for _, l := range lines[begin:] {
		row := logRow{LogLine: l, First: l.Seq == 1}
		row.Message = cut(clauseShown, l.Message)
		if l.Step < len(one.Steps) {
			row.ID = one.Steps[l.Step].ID
		}
		it, err := piece(fmt.Sprintf("l-%d-%d-%d", l.Step, l.Attempt, l.Seq), "piece_log_line.html", row)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// runLog is the whole log as text.
func (d *Dashboard) runLog(c echo.Context) error {
	ctx := c.Request().Context()
	one, err := d.Store.Run(ctx, c.Param("id"))
	if err != nil {
		return d.failed(c, err)
	}
	lines, err := d.Store.Logs(ctx, one.ID, 0)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.Response().WriteHeader(http.StatusOK)
	for _, l := range lines {
		step := ""
		if l.Step < len(one.Steps) {
			step = one.Steps[l.Step].ID
		}
		_, err := fmt.Fprintf(c.Response(), "%s %-5s %s/%d %s\n", l.At.UTC().Format(time.RFC3339Nano), l.Level, step, l.Attempt,
			l.Message)
		if err != nil {
			return nil //nolint:nilerr // the reader left
		}
	}
	return nil
}

// timeline shows when the attempts of a run happened: a lane for each step, over the same time.
type timeline struct {
	Lanes []timelineLane
	From  time.Time
	Going bool // the run is not over
	Took  string
}

// timelineLane is a step's.
type timelineLane struct {
	Step string
	Bars []timelineBar
}

// timelineBar is one attempt; places are in thousandths of the run's time.
type timelineBar struct {
	X, Width int
	State    string
	Title    string
}

const (
	mostLanes   = 40
	shortestBar = 8 // an attempt of no time is seen too
)

func newTimeline(one *store.Run, attempts []store.Attempt, now time.Time) *timeline {
	if len(attempts) == 0 || len(one.Steps) > mostLanes {
		return nil
	}
	var from, to time.Time
	for _, a := range attempts {
		if from.IsZero() || a.StartedAt.Before(from) {
			from = a.StartedAt
		}
		for _, t := range []time.Time{a.StartedAt, a.FinishedAt} {
			if t.After(to) {
				to = t
			}
		}
	}
	t := &timeline{From: from, Going: one.State == store.Running}
	if t.Going && now.After(to) {
		to = now.Truncate(time.Second)
	}
	for _, s := range one.Steps {
		t.Lanes = append(t.Lanes, timelineLane{Step: s.ID})
	}
	whole := max(to.Sub(from), time.Millisecond)
	t.Took = duration(to.Sub(from))
	at := func(moment time.Time) int { return int(moment.Sub(from) * 1000 / whole) }
	for _, a := range attempts {
		if a.Step >= len(t.Lanes) {
			continue
		}
		end, lasted := a.FinishedAt, took(a.StartedAt, a.FinishedAt)
		if end.IsZero() {
			end, lasted = to, "not over"
		}
		x := min(at(a.StartedAt), 1000-shortestBar)
		lane := &t.Lanes[a.Step]
		lane.Bars = append(lane.Bars, timelineBar{
			X: x, Width: min(max(at(end)-x, shortestBar), 1000-x), State: a.State,
			Title: fmt.Sprintf("%s, attempt %d: %s, %s", lane.Step, a.Number, a.State, lasted),
		})
	}
	return t
}
