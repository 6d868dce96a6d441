package hub_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// change is a write that answers nothing of interest.
type change struct {
	exchange exchange
	make     func(context.Context, *hub.Client) error
}

// testChanges makes each change, has it refused by the Hub, and by a read-only client.
func testChanges(t *testing.T, changes map[string]change) {
	t.Helper()
	for name, test := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.exchange.answer == "" {
				test.exchange.answer = "OK" // the Hub answers some writes with text
			}
			client := serve(t, test.exchange)
			if err := test.make(t.Context(), client); err != nil {
				t.Error(err)
			}
			if err := test.make(t.Context(), client.ReadOnly()); !errors.Is(err, hub.ErrReadOnly) {
				t.Errorf("read-only: %v, want ErrReadOnly", err)
			}
			refused := test.exchange
			refused.status = 403
			if err := test.make(t.Context(), serve(t, refused)); !hub.IsForbidden(err) {
				t.Errorf("refused by the Hub: %v, want forbidden", err)
			}
		})
	}
}

func TestRepoChanges(t *testing.T) {
	t.Parallel()
	yes, visibility := true, "protected"
	testChanges(t, map[string]change{
		"private": {
			exchange{call: "PUT /api/datasets/acme/reviews/settings", body: `{"private":true}`},
			func(ctx context.Context, c *hub.Client) error {
				return c.UpdateRepo(ctx, dataset, hub.RepoSettings{Private: &yes})
			},
		},
		"visibility and discussions": {
			exchange{
				call: "PUT /api/models/acme/tiny/settings", body: `{"visibility":"protected","discussionsDisabled":true}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.UpdateRepo(ctx, model, hub.RepoSettings{Visibility: &visibility, DiscussionsDisabled: &yes})
			},
		},
		"move": {
			exchange{
				call: "POST /api/repos/move", body: `{"fromRepo":"acme/tiny","toRepo":"ada/small","type":"model"}`,
			},
			func(ctx context.Context, c *hub.Client) error { return c.MoveRepo(ctx, model, "ada/small") },
		},
		"gate": {
			exchange{call: "PUT /api/models/acme/tiny/settings", body: `{"gated":"manual"}`},
			func(ctx context.Context, c *hub.Client) error {
				gate := hub.GateManual
				return c.UpdateRepo(ctx, model, hub.RepoSettings{Gated: &gate})
			},
		},
		"open the gate": {
			exchange{call: "PUT /api/models/acme/tiny/settings", body: `{"gated":false}`},
			func(ctx context.Context, c *hub.Client) error {
				gate := hub.GateOpen
				return c.UpdateRepo(ctx, model, hub.RepoSettings{Gated: &gate})
			},
		},
		"create a Space": {
			exchange{
				call: "POST /api/repos/create",
				body: `{"name":"app","organization":"acme","type":"space","visibility":"protected","files":` +
					`[{"path":"Dockerfile","content":"FROM scratch"}],"sdk":"docker","hardware":"cpu-basic","sleepTimeSeconds":-1,` +
					`"secrets":[{"key":"HF_TOKEN","value":"hf_x"}],"variables":[{"key":"MODE","value":"test"}]}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.CreateRepo(ctx, space, hub.CreateRepoOptions{
					Visibility: hub.VisibilityProtected, SpaceSDK: "docker", Hardware: "cpu-basic", SleepAfter: -1,
					Files:     []hub.NewRepoFile{{Path: "Dockerfile", Content: "FROM scratch"}},
					Secrets:   []hub.SpaceSecretInput{{Key: "HF_TOKEN", Value: "hf_x"}},
					Variables: []hub.SpaceVariable{{Key: "MODE", Value: "test"}},
				})
			},
		},
		"duplicate": {
			exchange{
				call: "POST /api/spaces/acme/app/duplicate", body: `{"repository":"ada/copy","visibility":"private"}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.DuplicateRepo(ctx, space, "ada/copy", hub.DuplicateRepoOptions{Visibility: hub.VisibilityPrivate})
			},
		},
		"delete": {
			exchange{call: "DELETE /api/repos/delete", body: `{"name":"reviews","organization":"acme","type":"dataset"}`},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteRepo(ctx, dataset) },
		},
	})
}

func TestMoreChanges(t *testing.T) {
	t.Parallel()
	testChanges(t, map[string]change{
		"reset a branch": {
			exchange{call: "POST /api/models/acme/tiny/branch/x", body: `{"startingPoint":"v1","overwrite":true}`},
			func(ctx context.Context, c *hub.Client) error { return c.ResetBranch(ctx, model, "x", "v1") },
		},
		"dev mode": {
			exchange{call: "POST /api/spaces/acme/app/dev-mode", body: `{"enabled":true}`},
			func(ctx context.Context, c *hub.Client) error { return c.SetSpaceDevMode(ctx, space, true) },
		},
		"a license of one's own": {
			exchange{
				call: "POST /api/repos/create",
				body: `{"name":"tiny","organization":"acme","type":"model","private":false,"license":"other",` +
					`"license_name":"mine","license_link":"LICENSE","region":"eu","resourceGroupId":"g1"}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.CreateRepo(ctx, model, hub.CreateRepoOptions{
					License: "other", LicenseName: "mine", LicenseLink: "LICENSE", Region: "eu", ResourceGroupID: "g1",
				})
			},
		},
	})
}
