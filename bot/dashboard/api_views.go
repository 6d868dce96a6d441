package dashboard

import (
	"encoding/json"
	"time"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// deliveryView is a delivery in a list; the last two fields are filled for a single one.
type deliveryView struct {
	ID          string            `json:"id"`
	WebhookID   string            `json:"webhook_id"`
	ReceivedAt  time.Time         `json:"received_at"`
	Source      store.Source      `json:"source"`
	State       string            `json:"state"`
	Scope       string            `json:"scope"`
	Action      string            `json:"action"`
	Repo        string            `json:"repo"`
	RepoType    string            `json:"repo_type"`
	Public      bool              `json:"public"`            // the payload says that the repository is
	Webhook     string            `json:"webhook,omitempty"` // id of the Hub's webhook that it came by
	Duplicates  int               `json:"duplicates"`
	ReplayOf    string            `json:"replay_of,omitempty"`
	Error       string            `json:"error,omitempty"`
	Verdicts    map[string]string `json:"verdicts"`
	Runs        []string          `json:"runs"`
	Payload     *string           `json:"payload,omitempty"`
	Explanation json.RawMessage   `json:"explanation,omitempty"`
}

func viewDelivery(d *store.Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, WebhookID: d.WebhookID, ReceivedAt: d.ReceivedAt, Source: d.Source, State: string(d.State),
		Scope: d.Scope, Action: d.Action, Repo: d.Repo, RepoType: d.RepoType, Public: d.Public, Webhook: d.Hook, Duplicates: d.Duplicates,
		ReplayOf: d.ReplayOf, Error: d.Error, Verdicts: d.Verdicts, Runs: d.Runs,
	}
	if v.Verdicts == nil {
		v.Verdicts = map[string]string{}
	}
	if v.Runs == nil {
		v.Runs = []string{}
	}
	return v
}

// runView is a run in a list; steps are filled for a single one.
type runView struct {
	ID         string         `json:"id"`
	Rule       string         `json:"rule"`
	Delivery   string         `json:"delivery"`
	Repo       string         `json:"repo"`
	RepoType   string         `json:"repo_type"`
	Ref        string         `json:"ref,omitempty"`
	SHA        string         `json:"sha,omitempty"`
	State      store.RunState `json:"state"`
	Reason     string         `json:"reason,omitempty"`
	WaitUntil  *time.Time     `json:"wait_until,omitempty"`
	Attempt    int            `json:"attempt"`
	CreatedAt  time.Time      `json:"created_at"`
	StartedAt  *time.Time     `json:"started_at"`
	FinishedAt *time.Time     `json:"finished_at"`
	Error      string         `json:"error"`
	DryRun     bool           `json:"dry_run"` // its steps read, and write nothing
	Steps      []stepView     `json:"steps,omitempty"`
}

type stepView struct {
	ID         string         `json:"id"`
	Uses       string         `json:"uses"`
	If         string         `json:"if,omitempty"`
	State      store.RunState `json:"state"`
	Attempt    int            `json:"attempt"`
	With       map[string]any `json:"with,omitempty"`
	Outputs    map[string]any `json:"outputs"`
	Error      string         `json:"error"`
	StartedAt  *time.Time     `json:"started_at"`
	FinishedAt *time.Time     `json:"finished_at"`
	Attempts   []attemptView  `json:"attempts,omitempty"`
	Progress   *progressView  `json:"progress,omitempty"`
}

type attemptView struct {
	Number     int        `json:"number"`
	State      string     `json:"state"`
	Error      string     `json:"error,omitempty"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

type progressView struct {
	Done  int64     `json:"done"`
	Total int64     `json:"total"` // 0: not known
	Note  string    `json:"note,omitempty"`
	At    time.Time `json:"at"`
}

// breakerView is an open breaker.
type breakerView struct {
	Rule     string    `json:"rule"`
	Repo     string    `json:"repo"`
	RepoID   string    `json:"repo_id"`
	Own      bool      `json:"own"` // it stops only what the bot's own acts cause
	Runs     int       `json:"runs"`
	OpenedAt time.Time `json:"opened_at"`
	Until    time.Time `json:"until"`
}

// logView is a line that a step logged.
type logView struct {
	Step    string    `json:"step"`
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
}

func viewRun(r *store.Run) runView {
	v := runView{
		ID: r.ID, Rule: r.Rule, Delivery: r.DeliveryID, Repo: r.Repo, RepoType: r.RepoType, Ref: r.Ref, SHA: r.SHA,
		State: r.State, Reason: r.Reason, WaitUntil: moment(r.WaitUntil), Attempt: r.Attempt, CreatedAt: r.CreatedAt,
		StartedAt: moment(r.StartedAt), FinishedAt: moment(r.FinishedAt), Error: r.Error, DryRun: r.Plan.DryRun,
	}
	for i, s := range r.Steps {
		condition := ""
		if i < len(r.Plan.Steps) {
			condition = r.Plan.Steps[i].If
		}
		v.Steps = append(v.Steps, stepView{
			ID: s.ID, Uses: s.Uses, If: condition, State: s.State, Attempt: s.Attempt, With: s.With, Outputs: s.Outputs, Error: s.Error,
			StartedAt: moment(s.StartedAt), FinishedAt: moment(s.FinishedAt),
		})
	}
	return v
}

func (v *runView) addAttempts(list []store.Attempt) {
	for _, a := range list {
		if a.Step < len(v.Steps) {
			s := &v.Steps[a.Step]
			s.Attempts = append(s.Attempts, attemptView{
				Number: a.Number, State: a.State, Error: a.Error, StartedAt: moment(a.StartedAt), FinishedAt: moment(a.FinishedAt),
			})
		}
	}
}

func (v *runView) addProgress(list []store.Progress) {
	for _, p := range list {
		if p.Step < len(v.Steps) {
			v.Steps[p.Step].Progress = &progressView{Done: p.Done, Total: p.Total, Note: p.Note, At: p.At}
		}
	}
}

// moment is nil for the zero time, so that JSON says null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ruleView is a rule as loaded.
type ruleView struct {
	ID       string           `json:"id"`
	File     string           `json:"file"`
	Line     int              `json:"line"`
	Summary  string           `json:"summary"`
	Words    wordsView        `json:"words"`
	Steps    []string         `json:"steps"` // the actions
	Source   []string         `json:"source"`
	Breaker  limitView        `json:"breaker"` // when it opens; those that are open are a list of their own
	Verdicts map[string]int64 `json:"verdicts_24h,omitempty"`
}

// limitView is so many runs in so many seconds.
type limitView struct {
	Max     int     `json:"max"`
	Seconds float64 `json:"per_seconds"`
}

type wordsView struct {
	When   string   `json:"when"`
	Where  []string `json:"where,omitempty"`
	If     []string `json:"if,omitempty"`
	Limits []string `json:"limits,omitempty"`
}

func viewRule(r *rule.Rule) ruleView {
	w := r.Words()
	v := ruleView{
		ID: r.ID, File: r.File, Line: r.Line, Summary: r.Summary, Words: wordsView{w.When, w.Where, w.If, w.Limits},
		Steps: []string{}, Source: r.Source, Breaker: limitView{r.BreakerFor(false).Max, r.BreakerFor(false).Per.Seconds()},
	}
	for _, s := range r.Steps {
		v.Steps = append(v.Steps, s.Uses)
	}
	return v
}

// overviewView is the numbers of the overview.
type overviewView struct {
	Span     string           `json:"span"`
	Counted  *time.Time       `json:"counted_at"` // null: not counted yet
	Backlog  map[string]int64 `json:"backlog"`
	Oldest   *time.Time       `json:"oldest_queued_at"`
	Parts    []partView       `json:"parts"`
	Webhooks []webhookView    `json:"webhooks"`
	Budgets  []budgetView     `json:"hub_budgets"`
	HubError string           `json:"hub_error,omitempty"`
}

type partView struct {
	At         time.Time        `json:"at"`
	Deliveries int64            `json:"deliveries"`
	Runs       map[string]int64 `json:"runs"`
	MedianMS   float64          `json:"wait_median_ms"`
	SlowMS     float64          `json:"wait_p95_ms"`
}

type webhookView struct {
	ID       string `json:"id"`
	URL      string `json:"url"`
	Disabled string `json:"disabled"` // empty: enabled
	Used     int64  `json:"triggers_24h"`
	Limit    int    `json:"triggers_limit"`

	Watched []hub.Watched `json:"watched"`
}

type budgetView struct {
	Kind      string    `json:"kind"`
	Remaining int       `json:"remaining"`
	Quota     int       `json:"quota"`
	ResetAt   time.Time `json:"reset_at"`
}

// auditView is something a person did.
type auditView struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Act    string    `json:"act"`
	Target string    `json:"target"`
	Detail string    `json:"detail"`
}

func viewOverview(sp span, c *counts, h hubState) overviewView {
	v := overviewView{
		Span: sp.Name, Backlog: map[string]int64{}, Parts: []partView{}, Webhooks: []webhookView{}, Budgets: []budgetView{},
		HubError: h.Error,
	}
	if c != nil {
		v.Counted, v.Oldest = &c.Taken, moment(c.Backlog.Oldest)
		for state, n := range c.Backlog.Runs {
			v.Backlog[string(state)] = n
		}
		for _, p := range c.Parts[sp.Name] {
			one := partView{At: p.At, Deliveries: p.Deliveries, Runs: map[string]int64{}}
			one.MedianMS, one.SlowMS = milliseconds(p.Median), milliseconds(p.Slow)
			for state, n := range p.Runs {
				one.Runs[string(state)] = n
			}
			v.Parts = append(v.Parts, one)
		}
	}
	for _, w := range h.Hooks {
		v.Webhooks = append(v.Webhooks, webhookView{w.ID, w.URL, w.Disabled, w.Used, w.Limit, append([]hub.Watched{}, w.Watched...)})
	}
	for _, b := range h.Budgets {
		v.Budgets = append(v.Budgets, budgetView{b.Kind, b.Remaining, b.Quota, b.ResetAt})
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
