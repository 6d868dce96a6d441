package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// dispatched is one call that the GitHub of a test got.
type dispatched struct {
	Path, Auth, Accept, Version string
	Body                        map[string]any
}

// fakeGitHub answers each call with status and headers, and remembers the calls.
func fakeGitHub(t *testing.T, status int, header map[string]string, body string) (url string, calls *[]dispatched) {
	t.Helper()
	calls = new([]dispatched)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := dispatched{
			Path: r.Method + " " + r.URL.EscapedPath(), Auth: r.Header.Get("Authorization"),
			Accept: r.Header.Get("Accept"), Version: r.Header.Get("X-GitHub-Api-Version"),
		}
		content, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(content, &c.Body)
		}
		if err != nil {
			t.Errorf("body %q: %v", content, err)
		}
		*calls = append(*calls, c)
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

// githubToken is the secret of the steps below.
var githubToken = map[string]hub.Secret{"token": "ghp_secret"}

func TestGitHubDispatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		with map[string]any
		path string
		body map[string]any
		page string
	}{
		{
			name: "workflow",
			with: map[string]any{
				"workflow": "train.yml", "ref": "main",
				"inputs": map[string]any{"dataset": "acme/data", "epochs": int64(3), "dry": true, "list": []any{"a"}},
			},
			path: "POST /repos/acme/training/actions/workflows/train.yml/dispatches",
			body: map[string]any{
				"ref":    "main",
				"inputs": map[string]any{"dataset": "acme/data", "epochs": "3", "dry": "true", "list": `["a"]`},
			},
			page: "/acme/training/actions/workflows/train.yml",
		},
		{
			name: "workflow without inputs",
			with: map[string]any{"workflow": "7", "ref": "v1"},
			path: "POST /repos/acme/training/actions/workflows/7/dispatches",
			body: map[string]any{"ref": "v1", "inputs": map[string]any{}},
			page: "/acme/training/actions/workflows/7",
		},
		{
			name: "event",
			with: map[string]any{"event_type": "data", "payload": map[string]any{"rows": int64(3)}},
			path: "POST /repos/acme/training/dispatches",
			body: map[string]any{"event_type": "data", "client_payload": map[string]any{"rows": 3.0}},
			page: "/acme/training/actions",
		},
		{
			name: "event without payload",
			with: map[string]any{"event_type": "data"},
			path: "POST /repos/acme/training/dispatches",
			body: map[string]any{"event_type": "data", "client_payload": map[string]any{}},
			page: "/acme/training/actions",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, calls := fakeGitHub(t, http.StatusNoContent, nil, "")
			test.with["repository"] = "acme/training"
			test.with["api_url"] = url + "/"
			out, err := entry(t, "ci.github").Run(t.Context(), webRuntime(githubToken), test.with)
			if err != nil {
				t.Fatal(err)
			}
			if out["url"] != url+test.page {
				t.Errorf("url %q, want %q", out["url"], url+test.page)
			}
			want := []dispatched{{test.path, "Bearer ghp_secret", "application/vnd.github+json", "2022-11-28", test.body}}
			if diff := cmp.Diff(want, *calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGitHubPage(t *testing.T) {
	t.Parallel()
	tests := []struct{ api, want string }{
		{"https://api.github.com", "https://github.com/a/b/actions/workflows/w.yml"},
		{"https://git.example.org/api/v3/", "https://git.example.org/a/b/actions/workflows/w.yml"},
	}
	for _, test := range tests {
		in := githubIn{Repository: "a/b", Workflow: "w.yml", APIURL: test.api}
		if got := in.page(); got != test.want {
			t.Errorf("page of %s is %s, want %s", test.api, got, test.want)
		}
	}
}

func TestGitHubChecksInputs(t *testing.T) {
	t.Parallel()
	many := map[string]any{}
	for i := range 30 {
		many[fmt.Sprint("k", i)] = "v"
	}
	tests := []struct {
		name string
		with map[string]any
		want string
	}{
		{"nothing to do", map[string]any{}, "exactly one of workflow and event_type"},
		{"both", map[string]any{"workflow": "w.yml", "ref": "main", "event_type": "e"}, "exactly one of"},
		{"no ref", map[string]any{"workflow": "w.yml"}, "workflow needs a ref"},
		{"path in workflow", map[string]any{"workflow": "../x", "ref": "main"}, "workflow must be a file name"},
		{"payload for workflow", map[string]any{"workflow": "w.yml", "ref": "m", "payload": many}, "payload belongs to"},
		{"inputs for event", map[string]any{"event_type": "e", "inputs": many}, "ref and inputs belong to workflow"},
		{"many inputs", map[string]any{"workflow": "w.yml", "ref": "m", "inputs": many}, "30 inputs; GitHub takes 25"},
		{"many keys", map[string]any{"event_type": "e", "payload": many}, "30 keys in payload"},
		{"long event", map[string]any{"event_type": strings.Repeat("e", 101)}, "event_type is longer"},
		{"path in repository", map[string]any{"repository": "a/b/../c", "event_type": "e"}, "repository must be owner/name"},
		{"user in address", map[string]any{"event_type": "e", "api_url": "https://u:p@h"}, "holds a user name"},
		{"file address", map[string]any{"event_type": "e", "api_url": "file:///etc/passwd"}, "must begin with https://"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.with["repository"] == nil {
				test.with["repository"] = "acme/training"
			}
			if got := messages(entry(t, "ci.github").Check(test.with)); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestGitHubRefusals(t *testing.T) {
	t.Parallel()
	reset := fmt.Sprint(time.Now().Add(30 * time.Minute).Unix())
	tests := []struct {
		name      string
		status    int
		header    map[string]string
		permanent bool
		retry     bool
		atLeast   time.Duration
		want      string
	}{
		{"bad token", 401, nil, true, false, 0, "wrong or expired"},
		{"no permission", 403, nil, true, false, 0, "Actions (write)"},
		{"secondary limit", 403, map[string]string{"Retry-After": "17"}, false, true, 17 * time.Second, "403"},
		{
			"primary limit", 403,
			map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset},
			false, true, 29 * time.Minute, "403",
		},
		{"limit without headers", 429, nil, false, true, time.Minute, "429"},
		{"not found", 404, nil, true, false, 0, "may not see it"},
		{"no trigger", 422, nil, true, false, 0, "on: workflow_dispatch"},
		{"redirect", 301, map[string]string{"Location": "/elsewhere"}, true, false, 0, "redirects are not followed"},
		{"server error", 502, nil, false, false, 0, "502"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, calls := fakeGitHub(t, test.status, test.header, `{"message":"refused"}`)
			with := map[string]any{"repository": "acme/training", "workflow": "w.yml", "ref": "main", "api_url": url}
			_, err := entry(t, "ci.github").Run(t.Context(), webRuntime(githubToken), with)
			if err == nil || actions.IsPermanent(err) != test.permanent || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want permanent %v and %q", err, test.permanent, test.want)
			}
			if delay, ok := actions.RetryDelay(err); ok != test.retry || delay < test.atLeast {
				t.Errorf("retry %v after %v, want %v after %v", ok, delay, test.retry, test.atLeast)
			}
			if strings.Contains(err.Error(), "ghp_secret") {
				t.Errorf("the error shows the token: %v", err)
			}
			if len(*calls) != 1 {
				t.Errorf("%d calls, want 1", len(*calls))
			}
		})
	}
}

func TestGitHubDryRunAndToken(t *testing.T) {
	t.Parallel()
	url, calls := fakeGitHub(t, http.StatusNoContent, nil, "")
	with := map[string]any{"repository": "acme/training", "event_type": "e", "api_url": url}
	rt := webRuntime(githubToken)
	rt.DryRun = true
	out, err := entry(t, "ci.github").Run(t.Context(), rt, with)
	if err != nil || out["url"] != url+"/acme/training/actions" {
		t.Errorf("dry run: %v, %v", out, err)
	}
	_, err = entry(t, "ci.github").Run(t.Context(), webRuntime(nil), with)
	if !actions.IsPermanent(err) || !strings.Contains(err.Error(), `secret "token" is not set`) {
		t.Errorf("without a token: %v", err)
	}
	if len(*calls) != 0 {
		t.Errorf("%d calls, want none", len(*calls))
	}
}

func TestGitHubUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	with := map[string]any{"repository": "acme/training", "event_type": "e", "api_url": url}
	_, err = entry(t, "ci.github").Run(t.Context(), webRuntime(githubToken), with)
	if _, ok := actions.RetryDelay(err); !ok {
		t.Errorf("a call that was never sent is not retried: %v", err)
	}
	_, err = entry(t, "ci.github").Run(cancelled(t), webRuntime(githubToken), with)
	if !errors.Is(err, cancelled(t).Err()) {
		t.Errorf("cancelled: %v", err)
	}
}
