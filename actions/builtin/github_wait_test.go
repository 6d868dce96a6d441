package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
)

// runningGitHub is a GitHub whose workflows run. An old one is a GitHub Enterprise Server that does not tell which run a
// call starts. Each run shows the input or key "tag" in its name.
type runningGitHub struct {
	ciServer
	old     bool
	started []string // names
}

func newRunningGitHub(t *testing.T, old bool) *runningGitHub {
	t.Helper()
	g := &runningGitHub{old: old, ciServer: ciServer{looks: 3}}
	mux := http.NewServeMux()
	start := func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Inputs  map[string]string
			Payload map[string]string `json:"client_payload"`
			Details *bool             `json:"return_run_details"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		if g.old && in.Details != nil {
			http.Error(w, `{"message":"Invalid request.\n\n\"return_run_details\" is not a permitted key."}`, http.StatusUnprocessableEntity)
			return
		}
		g.started = append(g.started, "Train "+in.Inputs["tag"]+in.Payload["tag"])
		if in.Details == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprintf(w, `{"workflow_run_id":%d,"html_url":"https://gh.example/%d"}`, len(g.started), len(g.started))
	}
	mux.HandleFunc("POST /repos/acme/x/actions/workflows/t.yml/dispatches", start)
	mux.HandleFunc("POST /repos/acme/x/dispatches", start)
	mux.HandleFunc("GET /repos/acme/x/actions/runs", func(w http.ResponseWriter, _ *http.Request) {
		list := []string{`{"id":99,"display_title":"other"}`}
		for i := range g.started {
			list = append(list, g.run(i+1, "in_progress"))
		}
		fmt.Fprintf(w, `{"workflow_runs":[%s]}`, strings.Join(list, ","))
	})
	mux.HandleFunc("GET /repos/acme/x/actions/runs/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, n, status := r.PathValue("id"), 0, "in_progress"
		if g.ended(id) {
			status = "completed"
		}
		_, _ = fmt.Sscan(id, &n)
		fmt.Fprint(w, g.run(n, status))
	})
	mux.HandleFunc("POST /repos/acme/x/actions/runs/{id}/cancel", func(w http.ResponseWriter, r *http.Request) {
		g.cancelled = append(g.cancelled, r.PathValue("id"))
		w.WriteHeader(http.StatusAccepted)
	})
	g.serve(t, mux)
	return g
}

func (g *runningGitHub) run(id int, status string) string {
	return fmt.Sprintf(`{"id":%d,"display_title":%q,"status":%q,"conclusion":"failure","html_url":"https://gh.example/%d",`+
		`"run_started_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:01:30Z"}`, id, g.started[id-1], status, id)
}

// step starts a workflow, or makes an event, and waits.
func (g *runningGitHub) step(event, tagged bool) actionstest.Step {
	with := map[string]any{"repository": "acme/x", "wait": true, "poll": "1ms", "api_url": g.URL}
	if event {
		with["event_type"] = "train"
	} else {
		with["workflow"], with["ref"] = "t.yml", "main"
	}
	if tagged {
		with["id_input"] = "tag"
	}
	return actionstest.Step{Uses: "ci.github", Secrets: map[string]string{"token": "s3cret"}, With: with}
}

func TestGitHubWaits(t *testing.T) {
	t.Parallel()
	want := map[string]any{"url": "https://gh.example/1", "conclusion": "failure", "ok": false, "seconds": float64(90)}
	for name, test := range map[string]struct {
		old, event, tagged bool
		calls              int
	}{
		"GitHub tells the run": {false, false, false, 1}, "its name does": {true, false, true, 1}, "both": {false, false, true, 1},
		"an event": {false, true, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newRunningGitHub(t, test.old)
			h := actionstest.New(t)
			step := g.step(test.event, test.tagged)
			h.CheckDryRun(t, step)
			if diff := cmp.Diff(want, h.MustRun(t, step)); diff != "" {
				t.Error(diff)
			}
			if test.tagged { // also without what it kept, it finds the run again
				if diff := cmp.Diff(want, h.MustRun(t, step)); diff != "" {
					t.Error(diff)
				}
			}
			if len(g.started) != test.calls {
				t.Errorf("%d were started", len(g.started))
			}
		})
	}
	old := newRunningGitHub(t, true)
	if _, err := actionstest.New(t).Run(t, old.step(false, false)); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "give id_input") {
		t.Errorf("error %v", err)
	}
	if got := messages(entry(t, "ci.github").Check(old.step(true, false).With)); !strings.Contains(got, "id_input is needed") {
		t.Errorf("errors %q", got)
	}
}

// Whatever call a step is cut off in, the next attempt waits for the same run. When the bot's run was cancelled, so is
// GitHub's.
func TestGitHubIsCutOff(t *testing.T) {
	t.Parallel()
	const start = "POST /repos/acme/x/actions/workflows/t.yml/dispatches"
	for name, test := range map[string]struct {
		where       string
		old, tagged bool
	}{
		"while it waits": {"GET /repos/acme/x/actions/runs/1", false, false}, "while it starts": {start, false, true},
		"while it is looked for": {"GET /repos/acme/x/actions/runs", true, true},
	} {
		for why, cause := range cutCauses {
			t.Run(why+" "+name, func(t *testing.T) {
				t.Parallel()
				g := newRunningGitHub(t, test.old)
				if test.old { // it has looked before it starts the workflow
					g.started = append(g.started, "Train "+stepID(webRuntime(nil)))
				}
				step := g.cutOff(t, g.step(false, test.tagged), test.where, cause)
				if g.checkCancelled(t, cause) {
					return
				}
				out := actionstest.New(t).MustRun(t, step)
				if len(g.started) != 1 || out["url"] != "https://gh.example/1" || out["conclusion"] != "failure" {
					t.Errorf("%d runs, outputs %v", len(g.started), out)
				}
			})
		}
	}
}

// A run that ended before it could be cancelled is no failure to cancel it.
func TestGitHubEndsBeforeItIsCancelled(t *testing.T) {
	t.Parallel()
	over := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"Cannot cancel a workflow run that is completed."}`, http.StatusConflict)
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(actions.ErrCancelled)
	in := githubIn{Repository: "acme/x", APIURL: over.URL}
	if err := in.stop(ctx, webRuntime(nil), &githubRun{ID: 1}); err != nil || len(over.calls) != 1 {
		t.Errorf("error %v, calls %v", err, over.calls)
	}
}
