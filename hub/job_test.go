package hub_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const jobAnswer = `{"id":"j1","type":"job","createdAt":"2026-01-02T03:04:05.000Z","dockerImage":"alpine","command":["true"],
	"environment":{"A":"b"},"secrets":["HF_TOKEN"],"flavor":"cpu-basic","labels":{"k":"v"},
	"status":{"stage":"ERROR","message":"exit 1"},"owner":{"id":"u1","name":"ada","type":"user"},"new":1}`

func wantJob() *hub.Job {
	return &hub.Job{
		ID: "j1", Owner: "ada", DockerImage: "alpine", Command: []string{"true"}, Environment: map[string]string{"A": "b"},
		Secrets: []string{"HF_TOKEN"}, Flavor: "cpu-basic", Labels: map[string]string{"k": "v"}, Stage: hub.JobError,
		Message: "exit 1", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func TestJobs(t *testing.T) {
	t.Parallel()
	spec := hub.JobSpec{
		DockerImage: "alpine", Command: []string{"true"}, Environment: map[string]string{"A": "b"}, Flavor: "cpu-basic",
		Secrets: map[string]hub.Secret{"HF_TOKEN": "hf_x"}, Labels: map[string]string{"k": "v"}, TimeoutSeconds: 60,
	}
	tests := map[string]struct {
		exchange exchange
		call     func(context.Context, *hub.Client) (*hub.Job, error)
	}{
		"run": {
			exchange{
				call: "POST /api/jobs/ada",
				body: `{"dockerImage":"alpine","command":["true"],"flavor":"cpu-basic","timeoutSeconds":60,"labels":{"k":"v"},` +
					`"environment":{"A":"b"},"secrets":{"HF_TOKEN":"hf_x"}}`,
			},
			func(ctx context.Context, c *hub.Client) (*hub.Job, error) { return c.RunJob(ctx, "ada", spec) },
		},
		"read": {
			exchange{call: "GET /api/jobs/ada/j1"},
			func(ctx context.Context, c *hub.Client) (*hub.Job, error) { return c.Job(ctx, "ada", "j1") },
		},
		"duplicate": {
			exchange{call: "POST /api/jobs/ada/j1/duplicate"},
			func(ctx context.Context, c *hub.Client) (*hub.Job, error) { return c.DuplicateJob(ctx, "ada", "j1") },
		},
		"wait": {
			exchange{call: "GET /api/jobs/ada/j1"},
			func(ctx context.Context, c *hub.Client) (*hub.Job, error) { return c.WaitForJob(ctx, "ada", "j1", nil) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.exchange.answer = jobAnswer
			got, err := test.call(t.Context(), serve(t, test.exchange))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantJob(), got); diff != "" {
				t.Errorf("job differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJobChanges(t *testing.T) {
	t.Parallel()
	testChanges(t, map[string]change{
		"cancel": {
			exchange{call: "POST /api/jobs/ada/j1/cancel"},
			func(ctx context.Context, c *hub.Client) error { return c.CancelJob(ctx, "ada", "j1") },
		},
		"label": {
			exchange{call: "PUT /api/jobs/ada/j1/labels", body: `{"labels":{"k":"v"}}`},
			func(ctx context.Context, c *hub.Client) error {
				return c.SetJobLabels(ctx, "ada", "j1", map[string]string{"k": "v"})
			},
		},
	})
}

func TestListJobs(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call: "GET /api/jobs/ada?label=k%3Dv&stage=ERROR", answer: "[" + jobAnswer + "]",
			header: map[string][]string{"Link": {`<BASE/api/jobs/ada?cursor=x>; rel="next"`}},
		},
		exchange{call: "GET /api/jobs/ada?cursor=x", answer: "[" + jobAnswer + "]"},
	)
	count := 0
	filter := hub.JobFilter{Stage: hub.JobError, Labels: map[string]string{"k": "v"}}
	for job, err := range client.Jobs(t.Context(), "ada", filter) {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*wantJob(), job); diff != "" {
			t.Errorf("job differs (-want +got):\n%s", diff)
		}
		count++
	}
	if count != 2 {
		t.Errorf("%d jobs, want 2", count)
	}
}

func TestJobLogs(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{call: "GET /api/jobs/ada/j1/logs", answer: "data: {\"data\":\"hello\"}\n\n"})
	for line, err := range client.JobLogs(t.Context(), "ada", "j1", hub.LogOptions{}) {
		if err != nil || line.Text != "hello" {
			t.Errorf("line %q, %v", line.Text, err)
		}
	}
}
