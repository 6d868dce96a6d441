package builtin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// jobHub is the part of a Hub that runs Jobs: each ends at once in a stage.
type jobHub struct {
	mu      sync.Mutex
	stage   string
	started []map[string]any
}

func (j *jobHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	job := func(i int) string {
		labels, _ := json.Marshal(j.started[i]["labels"])
		return fmt.Sprintf(`{"id":"job%d","status":{"stage":%q,"message":null},"labels":%s,"owner":{"name":"hfbot"},`+
			`"createdAt":"2026-01-01T00:00:00Z","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:30Z"}`, i, j.stage, labels)
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/logs"):
		w.Header().Set("Content-Type", "text/event-stream")
		for _, line := range []string{"hello\x1b[31m", `{"accuracy": 0.5}`} {
			text, _ := json.Marshal(line)
			fmt.Fprintf(w, "data: {\"data\":%s,\"timestamp\":\"2026-01-01T00:00:00Z\"}\n\n", text)
		}
	case r.Method == http.MethodPost:
		var in map[string]any
		_ = json.NewDecoder(r.Body).Decode(&in)
		j.started = append(j.started, in)
		fmt.Fprint(w, job(len(j.started)-1))
	case r.URL.Path == "/api/jobs/hfbot":
		var jobs []string
		for i := range j.started {
			jobs = append(jobs, job(i))
		}
		fmt.Fprint(w, "["+strings.Join(jobs, ",")+"]")
	default:
		fmt.Fprint(w, job(0))
	}
}

// runJob runs hf.job against a Hub.
func runJob(t *testing.T, j *jobHub, with map[string]any, dry bool) (map[string]any, error) {
	t.Helper()
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	client, err := hub.New(server.URL, "hf_x")
	if err != nil {
		t.Fatal(err)
	}
	if dry {
		client = client.ReadOnly()
	}
	return entry(t, "hf.job").Run(t.Context(), &actions.Runtime{
		Hub: client, BotID: "1", BotName: "hfbot", Key: "k", SHA: "abc", DryRun: dry, Secrets: map[string]hub.Secret{"API_KEY": "s3cret"},
	}, with)
}

func TestJob(t *testing.T) {
	t.Parallel()
	j := &jobHub{stage: "COMPLETED"}
	with := map[string]any{"image": "python:3.12", "command": []any{"true"}, "env": map[string]any{"A": "b"}}
	if out, err := runJob(t, j, with, true); err != nil || out["id"] != "" || len(j.started) != 0 {
		t.Errorf("dry run: %v %v", out, err)
	}
	for range 2 {
		out, err := runJob(t, j, with, false)
		if err != nil {
			t.Fatal(err)
		}
		if out["id"] != "job0" || out["ok"] != true || out["log"] != "hello\n{\"accuracy\": 0.5}" || out["seconds"] != float64(30) ||
			fmt.Sprint(out["json"]) != "map[accuracy:0.5]" || !strings.HasSuffix(out["url"].(string), "/jobs/hfbot/job0") {
			t.Errorf("outputs %v", out)
		}
	}
	if len(j.started) != 1 {
		t.Fatalf("%d Jobs were started, want one", len(j.started))
	}
	if env := fmt.Sprint(j.started[0]["environment"]); env != "map[A:b HFBOT_REF: HFBOT_SHA:abc]" {
		t.Errorf("environment %s", env)
	}
	if secrets := fmt.Sprint(j.started[0]["secrets"]); secrets != "map[API_KEY:s3cret]" {
		t.Errorf("secrets %s", secrets)
	}
}

func TestJobFails(t *testing.T) {
	t.Parallel()
	j := &jobHub{stage: "ERROR"}
	with := map[string]any{"image": "python:3.12", "command": []any{"false"}}
	if _, err := runJob(t, j, with, false); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "ended as ERROR") {
		t.Errorf("error %v", err)
	}
	with["fail"] = false
	if out, err := runJob(t, j, with, false); err != nil || out["ok"] != false || out["stage"] != "ERROR" {
		t.Errorf("outputs %v %v", out, err)
	}
}
