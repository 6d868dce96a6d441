package hub_test

import (
	"context"
	"testing"

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
