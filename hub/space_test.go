package hub_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

var space = hub.RepoRef{Type: hub.Space, Name: "acme/app"}

func TestSpaceRuntime(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/spaces/acme/app/runtime",
		answer: `{"stage":"RUNTIME_ERROR","errorMessage":"exit 1","hardware":{"current":"cpu-basic"},
			"domains":[{"domain":"acme-app.hf.space","stage":"READY"}]}`,
	})
	got, err := client.SpaceRuntime(t.Context(), space)
	if err != nil {
		t.Fatal(err)
	}
	if got.Stage != "RUNTIME_ERROR" || got.ErrorMessage != "exit 1" || len(got.Domains) != 1 ||
		got.Domains[0].Domain != "acme-app.hf.space" || got.Domains[0].Stage != "READY" {
		t.Errorf("runtime %+v", got)
	}
}

func TestSpaceVariables(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call:   "GET /api/spaces/acme/app/variables",
		answer: `{"MODE":{"key":"MODE","value":"test","updatedAt":"2026-01-02T03:04:05.000Z"},"EMPTY":{"value":""}}`,
	})
	got, err := client.SpaceVariables(t.Context(), space)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"MODE": "test", "EMPTY": ""}, got); diff != "" {
		t.Errorf("variables differ (-want +got):\n%s", diff)
	}
}

func TestSpaceChanges(t *testing.T) {
	t.Parallel()
	testChanges(t, map[string]change{
		"restart": {
			exchange{call: "POST /api/spaces/acme/app/restart"},
			func(ctx context.Context, c *hub.Client) error { return c.RestartSpace(ctx, space, false) },
		},
		"build anew": {
			exchange{call: "POST /api/spaces/acme/app/restart?factory=true"},
			func(ctx context.Context, c *hub.Client) error { return c.RestartSpace(ctx, space, true) },
		},
		"pause": {
			exchange{call: "POST /api/spaces/acme/app/pause"},
			func(ctx context.Context, c *hub.Client) error { return c.PauseSpace(ctx, space) },
		},
		"sleep": {
			exchange{call: "POST /api/spaces/acme/app/sleeptime", body: `{"seconds":-1}`},
			func(ctx context.Context, c *hub.Client) error { return c.SetSpaceSleep(ctx, space, -1) },
		},
		"hardware": {
			exchange{call: "POST /api/spaces/acme/app/hardware", body: `{"flavor":"cpu-upgrade"}`},
			func(ctx context.Context, c *hub.Client) error { return c.SetSpaceHardware(ctx, space, "cpu-upgrade") },
		},
		"volumes": {
			exchange{
				call: "PUT /api/spaces/acme/app/volumes",
				body: `{"volumes":[{"type":"bucket","source":"acme/state","mountPath":"/data"}]}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.SetSpaceVolumes(ctx, space, hub.Volume{Type: "bucket", Source: "acme/state", MountPath: "/data"})
			},
		},
		"no volumes": {
			exchange{call: "DELETE /api/spaces/acme/app/volumes"},
			func(ctx context.Context, c *hub.Client) error { return c.SetSpaceVolumes(ctx, space) },
		},
		"set secret": {
			exchange{call: "POST /api/spaces/acme/app/secrets", body: `{"key":"HF_TOKEN","value":"hf_other"}`},
			func(ctx context.Context, c *hub.Client) error {
				return c.SetSpaceSecret(ctx, space, "HF_TOKEN", "hf_other")
			},
		},
		"delete secret": {
			exchange{call: "DELETE /api/spaces/acme/app/secrets", body: `{"key":"HF_TOKEN"}`},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteSpaceSecret(ctx, space, "HF_TOKEN") },
		},
		"set variable": {
			exchange{call: "POST /api/spaces/acme/app/variables", body: `{"key":"MODE","value":"test"}`},
			func(ctx context.Context, c *hub.Client) error { return c.SetSpaceVariable(ctx, space, "MODE", "test") },
		},
		"delete variable": {
			exchange{call: "DELETE /api/spaces/acme/app/variables", body: `{"key":"MODE"}`},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteSpaceVariable(ctx, space, "MODE") },
		},
	})
}

func TestSpaceSecrets(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call:   "GET /api/spaces/acme/app/secrets",
		answer: `{"HF_TOKEN":{"key":"HF_TOKEN","description":"for the Hub","updatedAt":"2026-01-02T03:04:05.000Z"},"A":{}}`,
	})
	got, err := client.SpaceSecrets(t.Context(), space)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]hub.SpaceSecret{
		"HF_TOKEN": {"HF_TOKEN", "for the Hub", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, "A": {Key: "A"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets differ (-want +got):\n%s", diff)
	}
}

func TestWaitForSpace(t *testing.T) {
	t.Parallel()
	stages := []string{`{"stage":"BUILDING"}`, `{"stage":"BUILDING"}`, `{"stage":"APP_STARTING"}`}
	tests := map[string]struct {
		last string
		want string // of the error
	}{
		"runs":    {last: `{"stage":"RUNNING"}`},
		"fails":   {`{"stage":"BUILD_ERROR","errorMessage":"exit 1"}`, "hub: space acme/app is in stage BUILD_ERROR: exit 1"},
		"refused": {"", "403"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := append(slices.Clone(stages), test.last)
				carrier := transport(func(*http.Request) (*http.Response, error) {
					answer := answers[0]
					answers = answers[1:]
					status := http.StatusOK
					if answer == "" {
						status = http.StatusForbidden
					}
					return &http.Response{
						StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{},
						Request: &http.Request{Method: http.MethodGet, URL: &url.URL{}},
					}, nil
				})
				client, err := hub.New("", "", hub.WithHTTPClient(&http.Client{Transport: carrier}))
				if err != nil {
					t.Fatal(err)
				}
				var seen []string
				_, err = client.WaitForSpace(t.Context(), space, func(r *hub.SpaceRuntime) {
					seen = append(seen, r.Stage)
				}, hub.StageRunning)
				if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("WaitForSpace = %v, want %q", err, test.want)
				}
				if len(answers) != 0 || len(seen) < 2 || seen[0] != "BUILDING" || seen[1] != "APP_STARTING" {
					t.Errorf("saw %v, %d answers left", seen, len(answers))
				}
			})
		})
	}
}

func TestSpaceLogs(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/spaces/acme/app/logs/build?tail=2",
		answer: ": keep-alive\n\nevent: log\ndata: {\"data\":\"one\\n\",\"timestamp\":\"2026-01-02T03:04:05.000Z\"}\n\n" +
			"data: not JSON\n\ndata: {\"timestamp\":1}\n\ndata:{\"data\":\"two\"}\n",
	})
	var got []hub.LogLine
	for line, err := range client.SpaceLogs(t.Context(), space, "build", hub.LogOptions{Tail: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	want := []hub.LogLine{{"one\n", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, {Text: "two"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

func TestALogLineHasABound(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/spaces/acme/app/logs/run", answer: "data: " + strings.Repeat("x", 2<<20) + "\n",
	})
	for _, err := range client.SpaceLogs(t.Context(), space, "run", hub.LogOptions{}) {
		if err == nil || !strings.Contains(err.Error(), "a line has more than") {
			t.Errorf("SpaceLogs yields %v, want that a line is too long", err)
		}
	}
}
