package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
)

// fakeGitLab is a GitLab with one project. Each pipeline runs until it was looked at some times.
type fakeGitLab struct {
	*httptest.Server
	mu      sync.Mutex
	looks   int // that a pipeline runs for
	started [][]map[string]string
	polls   map[string]int
	token   string
	answer  func(path string) // called before each answer; may be nil
}

func newFakeGitLab(t *testing.T) *fakeGitLab {
	t.Helper()
	g := &fakeGitLab{looks: 2, polls: map[string]int{}}
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
		if g.polls[id]++; g.polls[id] >= g.looks {
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
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.token = r.Header.Get("Private-Token")
		mux.ServeHTTP(w, r)
		answer := g.answer
		g.mu.Unlock()
		if answer != nil {
			answer(r.Method + " " + r.URL.Path)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *fakeGitLab) pipeline(id int, status string) string {
	return fmt.Sprintf(`{"id":%d,"status":%q,"web_url":"https://gitlab.example/%d","duration":12.5}`, id, status, id)
}

// attempts runs a step again and again with what it kept. Before, the first attempt was cut off where cut says so.
func attempts(t *testing.T, step actionstest.Step, cut func(cancel context.CancelFunc)) map[string]any {
	t.Helper()
	h := actionstest.New(t)
	kept := map[string]any{}
	keep := func(_ context.Context, note map[string]any) error {
		text, err := json.Marshal(note)
		if err == nil {
			clear(kept)
			err = json.Unmarshal(text, &kept)
		}
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut(cancel)
	rt := webRuntime(nil)
	rt.Keep, rt.Secrets = keep, secretsOf(step.Secrets)
	if out, err := entry(t, step.Uses).Run(ctx, rt, step.With); err == nil {
		t.Fatalf("the first attempt was not cut off: %v", out)
	}
	cut(func() {})
	step.Key, step.Kept = rt.Key, kept
	return h.MustRun(t, step)
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
	if g.token != "s3cret" {
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

// Whatever call a step is cut off in, the next attempt waits for the same pipeline.
func TestGitLabGoesOnWaiting(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"POST /projects/acme/x/pipeline", "GET /projects/acme/x/pipelines/1"} {
		t.Run(where[:4], func(t *testing.T) {
			t.Parallel()
			g := newFakeGitLab(t)
			step := actionstest.Step{
				Uses: "ci.gitlab", Secrets: map[string]string{"token": "s3cret"},
				With: map[string]any{"project": "acme/x", "wait": true, "poll": "1ms", "api_url": g.URL},
			}
			out := attempts(t, step, func(cancel context.CancelFunc) {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.looks = 3
				g.answer = func(path string) {
					if path == where {
						cancel()
					}
				}
			})
			if len(g.started) != 1 || out["id"] != int64(1) || out["ok"] != true {
				t.Errorf("%d pipelines, outputs %v", len(g.started), out)
			}
		})
	}
}
