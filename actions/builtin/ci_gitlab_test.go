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

// fakeGitLab is a GitLab with one project.
type fakeGitLab struct {
	ciServer
	started [][]map[string]string // variables
}

func newFakeGitLab(t *testing.T) *fakeGitLab {
	t.Helper()
	g := &fakeGitLab{ciServer: ciServer{looks: 3}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /projects/{project}/pipeline", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Variables []map[string]string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		g.started = append(g.started, in.Variables)
		fmt.Fprint(w, g.pipeline(len(g.started), "created"))
	})
	mux.HandleFunc("GET /projects/{project}/pipelines", func(w http.ResponseWriter, r *http.Request) {
		var list []string
		for i := range g.started {
			if r.URL.Query().Get("source") == "api" && r.URL.Query().Get("ref") == "main" {
				list = append(list, g.pipeline(len(g.started)-i, "running"))
			}
		}
		fmt.Fprintf(w, "[%s]", strings.Join(list, ","))
	})
	mux.HandleFunc("GET /projects/{project}/pipelines/{id}", func(w http.ResponseWriter, r *http.Request) {
		status, id := "running", r.PathValue("id")
		if g.ended(id) {
			status = "success"
		}
		n := 0
		_, _ = fmt.Sscan(id, &n)
		fmt.Fprint(w, g.pipeline(n, status))
	})
	mux.HandleFunc("GET /projects/{project}/pipelines/{id}/variables", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		_, _ = fmt.Sscan(r.PathValue("id"), &n)
		_ = json.NewEncoder(w).Encode(g.started[n-1])
	})
	mux.HandleFunc("POST /projects/{project}/pipelines/{id}/cancel", func(w http.ResponseWriter, r *http.Request) {
		g.cancelled = append(g.cancelled, r.PathValue("id"))
		fmt.Fprint(w, g.pipeline(1, "canceling"))
	})
	g.serve(t, mux)
	return g
}

func (g *fakeGitLab) pipeline(id int, status string) string {
	return fmt.Sprintf(`{"id":%d,"status":%q,"web_url":"https://gitlab.example/%d","duration":12.5}`, id, status, id)
}

func TestGitLab(t *testing.T) {
	t.Parallel()
	g := newFakeGitLab(t)
	h := actionstest.New(t)
	step := actionstest.Step{
		Uses: "ci.gitlab", Secrets: map[string]string{"token": "s3cret"},
		With: map[string]any{"project": "acme/x", "variables": map[string]any{"A": "b"}, "wait": true, "poll": "1ms", "api_url": g.URL},
	}
	h.CheckDryRun(t, step)
	h.CheckCancelled(t, step)
	want := map[string]any{"id": int64(1), "url": "https://gitlab.example/1", "conclusion": "success", "ok": true, "seconds": 12.5}
	if diff := cmp.Diff(want, h.MustRun(t, step)); diff != "" {
		t.Error(diff)
	}
	if g.head.Get("Private-Token") != "s3cret" {
		t.Error("the token is not sent")
	}
	if vars := g.started[0]; len(vars) != 2 || vars[1]["key"] != "HFBOT_ID" || len(vars[1]["value"]) != 32 {
		t.Errorf("variables %v", vars)
	}
	step.With["id_variable"] = ""
	h.MustRun(t, step)
	if vars := g.started[1]; len(vars) != 1 {
		t.Errorf("variables %v", vars)
	}
	refused := newService(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"message":"404"}`, http.StatusNotFound) })
	step.With["api_url"] = refused.URL
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "may not see it") {
		t.Errorf("error %v", err)
	}
}

// Whatever call a step is cut off in, the next attempt waits for the same pipeline. When the run was cancelled, so is the
// pipeline.
func TestGitLabIsCutOff(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"POST /projects/acme/x/pipeline", "GET /projects/acme/x/pipelines/1"} {
		for name, cause := range cutCauses {
			t.Run(name+" "+where[:4], func(t *testing.T) {
				t.Parallel()
				g := newFakeGitLab(t)
				step := g.cutOff(t, actionstest.Step{
					Uses: "ci.gitlab", Secrets: map[string]string{"token": "s3cret"},
					With: map[string]any{"project": "acme/x", "wait": true, "poll": "1ms", "api_url": g.URL},
				}, where, cause)
				if g.checkCancelled(t, cause) {
					return
				}
				out := actionstest.New(t).MustRun(t, step)
				if len(g.started) != 1 || out["id"] != int64(1) || out["ok"] != true {
					t.Errorf("%d pipelines, outputs %v", len(g.started), out)
				}
			})
		}
	}
}

// A run that is cancelled while its second attempt asks for the pipeline of the first cancels it by its id, though no variable
// names it and GitLab has not answered.
func TestGitLabIsCancelledBeforeItAnswers(t *testing.T) {
	t.Parallel()
	g := newFakeGitLab(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(actions.ErrCancelled)
	rt := webRuntime(nil)
	rt.Secrets = secretsOf(map[string]string{"token": "s3cret"})
	rt.Kept = map[string]any{"asked": true, "pipeline": "1"}
	_, err := entry(t, "ci.gitlab").Run(ctx, rt, map[string]any{
		"project": "acme/x", "wait": true, "id_variable": "", "api_url": g.URL,
	})
	if err == nil {
		t.Error("no error")
	}
	g.checkCancelled(t, actions.ErrCancelled)
}
