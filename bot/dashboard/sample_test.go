package dashboard_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	_ "github.com/hfbot/hfbot/actions/builtin" // the rules of the sample use them
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// noon is when samples end.
var noon = time.Date(2026, 11, 24, 12, 34, 56, 0, time.UTC)

// clock is a time that stands until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// sample fills a store with what a bot of a small lab sees on a day.
type sample struct {
	t     testing.TB
	store *store.Store
	clock *clock
	rules *rule.Set
	n     int
}

func newSample(t testing.TB, s *store.Store, c *clock) *sample {
	t.Helper()
	set, problems := rule.Load([]string{"testdata/rules.yaml"}, rule.Options{Actions: actions.Default})
	if set == nil {
		t.Fatal(problems.Text())
	}
	set.LoadedAt = noon.Add(-24 * time.Hour)
	return &sample{t: t, store: s, clock: c, rules: set}
}

func (s *sample) ruleSet() *rule.Set { return s.rules }

// id is a UUIDv7 of a time; later ones of the same time sort after earlier ones.
func (s *sample) id(at time.Time) string {
	s.n++
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff, s.n&0xfff, s.n)
}

// event is a delivery of the sample.
type event struct {
	at          time.Time
	scope, act  string
	kind, repo  string
	title       string
	private     bool
	changed     string // the path that a push changed
	skip        string // the reason why a match is skipped
	ends        store.RunState
	took        time.Duration
	errorText   string
	leave       bool // the run is left under way
	waiting     bool
	neverLooked bool // not matched yet
	dry         bool // its runs are dry ones
}

func (e event) body() []byte {
	p := map[string]any{
		"event": map[string]any{"action": e.act, "scope": e.scope},
		"repo": map[string]any{
			"type": e.kind, "name": e.repo, "id": fmt.Sprintf("%024x", len(e.repo)), "private": e.private,
			"url":     map[string]any{"web": "https://huggingface.co/" + e.repo, "api": "https://huggingface.co/api/models/" + e.repo},
			"headSha": "c379e821c9c95d613899e8c4343e4bfee2b0c600", "owner": map[string]any{"id": "628b753283ef59b5be89e937"},
		},
		"webhook": map[string]any{"id": "6390e855e30d9209411de93b", "version": 3},
	}
	if e.scope == "repo.content" {
		p["updatedRefs"] = []any{map[string]any{
			"ref": "refs/heads/main", "oldSha": "ce9a4674fa833a68d5a73ec355f0ea95eedd60b7",
			"newSha": "c379e821c9c95d613899e8c4343e4bfee2b0c600",
		}}
	} else {
		p["discussion"] = map[string]any{
			"id": fmt.Sprintf("%024x", e.at.Unix()), "title": e.title, "num": 12, "status": "open", "isPullRequest": true,
			"author":  map[string]any{"id": "61d2000c3c2083e1c08af22d"},
			"changes": map[string]any{"base": "refs/heads/main"},
			"url":     map[string]any{"web": "https://huggingface.co/" + e.repo + "/discussions/12"},
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return text
}

// add keeps an event, matches it as the bot would, and plays the runs of its matches.
func (s *sample) add(e event) (delivery string, runs []string) {
	s.t.Helper()
	ctx, body := s.t.Context(), e.body()
	s.clock.set(e.at)
	id, _, err := s.store.Accept(ctx, store.Delivery{
		ID: s.id(e.at), WebhookID: fmt.Sprintf("msg_%d", s.n), Key: fmt.Sprint("k", s.n), Body: body, Source: store.SourceWebhook,
		Scope: e.scope, Action: e.act, Repo: e.repo, RepoType: e.kind, Hook: "6390e855e30d9209411de93b", Public: !e.private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if e.neverLooked {
		return id, nil
	}
	explanation := rule.Explanation{Rules: s.explain(e)}
	verdicts := map[string]string{}
	err = s.store.InTx(ctx, func(tx *store.Tx) error {
		for i := range explanation.Rules {
			o := &explanation.Rules[i]
			if o.Verdict == rule.VerdictMatched && e.skip != "" {
				o.Verdict, o.Reason, o.Steps = rule.VerdictSkipped, e.skip, []rule.StepView{}
			}
			verdicts[o.RuleID] = string(o.Verdict)
			if o.Verdict != rule.VerdictMatched {
				continue
			}
			r := &store.Run{
				ID: s.id(e.at), DeliveryID: id, Rule: o.RuleID, Repo: e.repo, RepoType: e.kind, RepoID: fmt.Sprintf("%024x", len(e.repo)), Ref: o.Ref,
				SHA: o.SHA, CreatedAt: e.at, Plan: store.Plan{DryRun: e.dry},
			}
			for n, step := range o.Rule.Steps {
				name := step.ID
				if name == "" {
					name = fmt.Sprint("#", n+1)
				}
				r.Plan.Steps = append(r.Plan.Steps, store.StepPlan{ID: name, Uses: step.Uses, With: step.With, If: step.If})
			}
			if err := tx.InsertRun(r); err != nil {
				return err
			}
			runs = append(runs, r.ID)
		}
		text, err := json.Marshal(explanation)
		if err != nil {
			return err
		}
		return tx.FinishMatch(id, text, verdicts, "")
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range runs {
		s.play(e, r)
	}
	return id, runs
}

// claim takes a run for a worker.
func (s *sample) claim(run string, until time.Time) *store.Lease {
	s.t.Helper()
	var claimed []store.Claimed
	s.tx(func(tx *store.Tx) (err error) {
		claimed, err = tx.Claim([]string{run}, "worker", until)
		return err
	})
	if len(claimed) != 1 {
		s.t.Fatalf("run %s is not queued", run)
	}
	return claimed[0].Lease
}

// play works a run as the event says.
func (s *sample) play(e event, run string) {
	s.t.Helper()
	if e.ends == "" && !e.leave && !e.waiting {
		return
	}
	at := e.at.Add(40 * time.Millisecond)
	s.clock.set(at)
	lease := s.claim(run, at.Add(time.Hour))
	one, err := s.store.Run(s.t.Context(), run)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, step := range one.Steps {
		last := i == len(one.Steps)-1
		s.tx(func(tx *store.Tx) error {
			_, err := tx.StartStep(lease, i, one.Plan.Steps[i].With)
			return err
		})
		s.say(run, i, 1, at, "info", step.Uses+" begins, attempt 1")
		if e.leave && step.Uses == "model.convert" {
			s.progress(run, i, at)
			return
		}
		if e.waiting {
			s.clock.set(at.Add(2 * time.Second))
			s.say(run, i, 2, s.clock.Now(), "error", e.errorText)
			s.tx(func(tx *store.Tx) error {
				return tx.EndStep(lease, i, store.StepResult{State: store.Waiting, Error: e.errorText})
			})
			s.tx(func(tx *store.Tx) error {
				return tx.WaitRetry(lease, s.clock.Now().Add(10*time.Minute), "step "+step.ID+" failed; retry 1 of 3")
			})
			return
		}
		at = at.Add(e.took / time.Duration(len(one.Steps)))
		s.clock.set(at)
		result := store.StepResult{State: store.Succeeded, Outputs: outputs(step.Uses)}
		if last && e.ends == store.RunFailed {
			result = store.StepResult{State: store.RunFailed, Error: e.errorText}
			s.say(run, i, 2, at, "error", e.errorText)
		} else {
			s.say(run, i, 2, at, "info", "done")
		}
		s.tx(func(tx *store.Tx) error { return tx.EndStep(lease, i, result) })
	}
	message := ""
	if e.ends == store.RunFailed {
		message = "step " + one.Steps[len(one.Steps)-1].ID + ": " + e.errorText
	}
	s.tx(func(tx *store.Tx) error { return tx.FinishRun(lease, e.ends, message) })
}

func (s *sample) progress(run string, step int, at time.Time) {
	s.t.Helper()
	lines := []store.LogLine{
		{Step: step, Attempt: 1, Seq: 2, At: at.Add(700 * time.Millisecond), Level: "info", Message: "read the index: 2 shards, 291 tensors, 9.9 GB"},
		{Step: step, Attempt: 1, Seq: 3, At: at.Add(41 * time.Second), Level: "info", Message: "pytorch_model-00001-of-00002.bin converted, checksums equal"},
		{Step: step, Attempt: 1, Seq: 4, At: at.Add(42 * time.Second), Level: "warn", Message: "lm_head.weight shares storage with model.embed_tokens.weight; kept once"},
	}
	err := s.store.Record(s.t.Context(), run, lines, &store.Progress{
		Step: step, Done: 6_100_000_000, Total: 9_900_000_000, Note: "converting pytorch_model-00002-of-00002.bin", At: at.Add(time.Minute),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sample) say(run string, step, seq int, at time.Time, level, message string) {
	s.t.Helper()
	line := store.LogLine{Step: step, Attempt: 1, Seq: seq, At: at, Level: level, Message: message}
	if err := s.store.Record(s.t.Context(), run, []store.LogLine{line}, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sample) tx(f func(tx *store.Tx) error) {
	s.t.Helper()
	if err := s.store.InTx(s.t.Context(), f); err != nil {
		s.t.Fatal(err)
	}
}

// inputs and results are the fields of the sample's actions.
type inputs struct {
	Body string `json:"body" doc:"What to say, in Markdown." required:"true"`
	Key  string `json:"key" doc:"One comment for each key, edited in place."`
}

type results struct {
	URL string `json:"url" doc:"Where it is."`
}

// plain is an action that does nothing.
type plain struct{ spec actions.Spec }

func (p plain) Spec() actions.Spec { return p.spec }

func (plain) Run(context.Context, *actions.Runtime, inputs) (results, error) { return results{}, nil }

// catalogue has actions of the sample's own, since those of the bot change.
func catalogue() *actions.Registry {
	r := actions.NewRegistry()
	for _, s := range []actions.Spec{
		{ID: "hub.comment", Summary: "Comment on a discussion or pull request.", Effect: actions.HubWrite, Idempotent: true},
		{ID: "model.convert", Summary: "Convert checkpoints to safetensors and open a pull request.", Effect: actions.HubWrite, Idempotent: true},
		{
			ID: "ci.github", Summary: "Start a workflow on GitHub.", Effect: actions.External,
			Description: "Starts a workflow or sends a repository_dispatch.",
			Secrets:     []actions.SecretSpec{{Name: "token", Doc: "A token that may start workflows.", Required: true}},
		},
	} {
		s.Example = "uses: " + s.ID + "\nwith: {body: Hello}"
		actions.Add(r, plain{s})
	}
	return r
}

func outputs(uses string) map[string]any {
	switch uses {
	case "model.convert":
		return map[string]any{
			"pull_request": 7, "url": "https://huggingface.co/acme-lab/tiny-llama/discussions/7",
			"files": []any{"model.safetensors"}, "skipped": "",
		}
	case "hub.comment":
		return map[string]any{"id": "64a5c2", "url": "https://huggingface.co/acme-lab/tiny-llama/discussions/7#64a5c2", "created": true}
	}
	return map[string]any{"url": "https://github.com/acme/training/actions/workflows/train.yml"}
}

// What pushes change.
const (
	pickle   = "pytorch_model.bin"
	cardOnly = "README.md"
	data     = "data/train-00007.parquet"
)

// explain is what matching the sample's rules comes to. It is written down here, so that the pages of this test do not
// change with the words of another package.
func (s *sample) explain(e event) []rule.Outcome {
	push := e.scope == "repo.content"
	name := e.scope + "." + e.act
	var list []rule.Outcome
	for _, r := range s.rules.Rules {
		o := rule.Outcome{RuleID: r.ID, Rule: r, Verdict: rule.VerdictNotMatched, Steps: []rule.StepView{}}
		clause := func(what string, line int, ok bool, want, got string) {
			o.Clauses = append(o.Clauses, rule.Clause{Clause: what, OK: ok, Want: want, Got: got, Line: r.Line + line})
			if !ok && o.Reason == "" {
				o.Reason = what + ": wanted " + want + ", got " + got
			}
		}
		switch r.ID {
		case "auto-safetensors":
			clause("on", 1, push, "repo.content.update", name)
			clause("repos.type", 2, e.kind == "model", "model", e.kind)
			if push && e.kind == "model" {
				clause("repos.name", 2, true, "acme-lab/*", e.repo)
				clause("refs", 0, true, "refs/heads/main", "refs/heads/main")
				clause("repos.tags", 2, true, "all of pytorch", "pytorch, text-generation")
				clause("paths", 3, e.changed == pickle, "a changed path in **/*.bin, **/*.pt", e.changed)
				if e.changed == pickle {
					clause("if", 4, true, "!files.exists(f, f.endsWith('.safetensors'))", "true; files has 3 paths")
				} else {
					clause("if", 4, false, "!files.exists(f, f.endsWith('.safetensors'))", "not fetched; paths decided")
				}
			}
		case "welcome":
			clause("on", 1, !push, "discussion.create", name)
			if !push {
				clause("if", 2, true, "discussion.isPullRequest", "true")
			}
		case "retrain":
			clause("on", 1, push, "repo.content.update", name)
			clause("repos.type", 2, e.kind == "dataset", "dataset", e.kind)
			if push && e.kind == "dataset" {
				clause("paths", 3, e.changed == data, "a changed path in data/**", e.changed)
			}
		}
		if o.Reason == "" {
			o.Verdict, o.Reason = rule.VerdictMatched, "all conditions hold"
			for _, step := range r.Steps {
				o.Steps = append(o.Steps, rule.StepView{ID: step.ID, Uses: step.Uses, With: step.With, If: step.If})
			}
			if push {
				o.Ref, o.SHA = "refs/heads/main", "c379e821c9c95d613899e8c4343e4bfee2b0c600"
			}
		}
		list = append(list, o)
	}
	return list
}

// day is a store with a day of the sample that ends at noon, and the interesting ones in it: a delivery with a match, the
// run under way, and one that failed.
type day struct {
	file                     []byte
	n                        int
	matched, running, failed string
}

// theDay fills a store once for all tests, which take copies of its file: filling is slow under the race detector.
func theDay(t testing.TB) *day {
	t.Helper()
	filledDay.once.Do(func() {
		c, path := &clock{now: noon}, filepath.Join(t.TempDir(), "day.db")
		db := openStore(t, path, c)
		s := newSample(t, db, c)
		d := &day{}
		d.matched, d.running, d.failed = s.fillDay(noon)
		d.n = s.n
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if d.file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		filledDay.day = d
	})
	if filledDay.day == nil {
		t.Fatal("another test failed to fill the day")
	}
	return filledDay.day
}

var filledDay struct {
	once sync.Once
	day  *day
}

// fillDay plays the day.
func (s *sample) fillDay(end time.Time) (matched, running, failed string) {
	s.t.Helper()
	for h := 23; h >= 1; h-- {
		at := end.Add(-time.Duration(h) * time.Hour)
		for i := range 1 + (h*7+3)%5 {
			when := at.Add(time.Duration(i*7) * time.Minute)
			repo := []string{"acme-lab/tiny-llama", "acme-lab/bert-small", "acme-lab/whisper-nano"}[(h+i)%3]
			switch (h + i) % 4 {
			case 0:
				s.add(event{at: when, scope: "repo.content", act: "update", kind: "model", repo: repo, changed: cardOnly})
			case 1:
				s.add(event{at: when, scope: "discussion", act: "create", kind: "model", repo: repo, title: "Fix the licence", ends: store.Succeeded, took: 800 * time.Millisecond})
			case 2:
				e := event{at: when, scope: "repo.content", act: "update", kind: "dataset", repo: "acme-lab/train-web", changed: data, ends: store.Succeeded, took: time.Second}
				if h%7 == 0 {
					e.ends, e.errorText = store.RunFailed, "ci.github: POST https://api.github.com/repos/acme/training/…: 422 workflow train.yml has no input sha"
				}
				s.add(e)
			case 3:
				s.add(event{at: when, scope: "repo.content", act: "update", kind: "model", repo: repo, changed: pickle, ends: store.Succeeded, took: 70 * time.Second})
			}
		}
	}
	_, f := s.add(event{
		at: end.Add(-40 * time.Minute), scope: "repo.content", act: "update", kind: "dataset", repo: "acme-lab/train-web", changed: data, ends: store.RunFailed,
		took: 2 * time.Second, errorText: "ci.github: POST https://api.github.com/repos/acme/training/actions/workflows/train.yml/dispatches: 422 workflow has no input sha",
	})
	s.add(event{at: end.Add(-25 * time.Minute), scope: "repo.content", act: "update", kind: "model", repo: "acme-lab/tiny-llama", changed: pickle, skip: "once"})
	s.add(event{at: end.Add(-15 * time.Minute), scope: "discussion", act: "create", kind: "space", repo: "acme-lab/internal-demo", title: "Add a Dockerfile", private: true, dry: true, ends: store.Succeeded, took: time.Second})
	s.add(event{at: end.Add(-4 * time.Minute), scope: "repo.content", act: "update", kind: "dataset", repo: "acme-lab/train-code", changed: data, waiting: true, errorText: "ci.github: POST https://api.github.com/…: 503 Service Unavailable"})
	m, r := s.add(event{at: end.Add(-2 * time.Minute), scope: "repo.content", act: "update", kind: "model", repo: "acme-lab/llama-7b-instruct", changed: pickle, leave: true})
	s.add(event{at: end.Add(-3 * time.Second), scope: "discussion", act: "create", kind: "model", repo: "acme-lab/bert-small", title: "Typo", neverLooked: true})
	s.clock.set(end.Add(-30 * time.Minute))
	s.tx(func(tx *store.Tx) error {
		r := &store.Run{Rule: "auto-safetensors", Repo: "acme-lab/tiny-llama", RepoID: fmt.Sprintf("%024x", len("acme-lab/tiny-llama"))}
		_, opened, err := tx.Trip(r, store.BreakerLimit{Max: 1, Per: 6 * time.Hour})
		if err == nil && !opened {
			err = errors.New("the breaker does not open")
		}
		return err
	})
	s.clock.set(end)
	return m, r[0], f[0]
}

// sampleHub is a client of a Hub that has one webhook of the bot which works and one that it suspended.
func sampleHub(t testing.TB) *hub.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[
			{"id": "6390e855e30d9209411de93b", "url": "https://acme-lab-bot.hf.space/webhook", "domains": ["repo", "discussion"],
				"disabled": false, "watched": [{"type": "org", "name": "acme-lab"}]},
			{"id": "6390e855e30d9209411de93c", "url": "http://127.0.0.1:7860/webhook", "domains": ["repo"],
				"disabled": "suspended-after-failure", "watched": [{"type": "dataset", "name": "acme-lab/train-web"}, {"type": "user", "name": "ada"}]}
		]`)
	}))
	t.Cleanup(server.Close)
	client, err := hub.New(server.URL, "hf_hfbot")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// theFlood is a store with ten thousand deliveries. They are written in one statement: the store's own way takes a
// transaction for each.
func theFlood(t *testing.T) *day {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flood.db")
	if err := openStore(t, path, &clock{now: noon}).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	const n = 10_000
	_, err = db.ExecContext(t.Context(), `
		WITH RECURSIVE count (n, ms) AS (SELECT 1, ?2 - ?1 * 1000 UNION ALL SELECT n + 1, ms + 1000 FROM count WHERE n < ?1),
			named (id, n, ms) AS (SELECT printf('%08x-%04x-7%03x-8000-%012x', ms >> 16, ms & 65535, n & 4095, n), n, ms FROM count)
		INSERT INTO deliveries (id, webhook_id, key, key_salt, received_at, source, replay_of, scope, action, repo, repo_type, state,
			duplicates, error, verdicts, explanation, body)
		SELECT id, '', id, '', ms * 1000, 'webhook', '', 'repo.content', 'update', 'acme-lab/repo-' || printf('%03x', n & 4095),
			'model', 'matched', 0, '', '{}', '', '{}' FROM named`, n, noon.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &day{file: file, n: n}
}
