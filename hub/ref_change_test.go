package hub_test

import (
	"context"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestRefChanges(t *testing.T) {
	t.Parallel()
	testChanges(t, map[string]change{
		"branch": {
			exchange{call: "POST /api/models/acme/tiny/branch/feature%2Fint8", body: `{}`},
			func(ctx context.Context, c *hub.Client) error { return c.CreateBranch(ctx, model, "feature/int8", "") },
		},
		"branch at a revision": {
			exchange{call: "POST /api/models/acme/tiny/branch/dev", body: `{"startingPoint":"v1"}`},
			func(ctx context.Context, c *hub.Client) error { return c.CreateBranch(ctx, model, "dev", "v1") },
		},
		"delete branch": {
			exchange{call: "DELETE /api/models/acme/tiny/branch/dev"},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteBranch(ctx, model, "dev") },
		},
		"tag": {
			exchange{call: "POST /api/models/acme/tiny/tag/main", body: `{"tag":"v1"}`},
			func(ctx context.Context, c *hub.Client) error { return c.CreateTag(ctx, model, "v1", "", "") },
		},
		"tag of a pull request": {
			exchange{call: "POST /api/models/acme/tiny/tag/refs%2Fpr%2F3", body: `{"tag":"rc","message":"try"}`},
			func(ctx context.Context, c *hub.Client) error {
				return c.CreateTag(ctx, model, "rc", "refs/pr/3", "try")
			},
		},
		"delete tag": {
			exchange{call: "DELETE /api/models/acme/tiny/tag/v1"},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteTag(ctx, model, "v1") },
		},
	})
}

func TestRefThatExists(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "POST /api/models/acme/tiny/branch/dev", body: `{}`, status: 409,
		answer: `{"error":"Reference refs/heads/dev already exists"}`,
	})
	if err := client.CreateBranch(t.Context(), model, "dev", ""); !hub.IsConflict(err) {
		t.Errorf("CreateBranch = %v, want a conflict", err)
	}
}

func TestSuperSquash(t *testing.T) {
	t.Parallel()
	client, told := serveWrites(t, exchange{
		call: "POST /api/models/acme/tiny/super-squash/main", body: `{"message":"One"}`, answer: `{"commitId":"abc"}`,
	})
	id, err := client.SuperSquash(t.Context(), model, "", "One")
	if err != nil || id != "abc" || len(*told) != 1 || (*told)[0].ID != "abc" {
		t.Errorf("SuperSquash = %q, %v; told %v", id, err, *told)
	}
}
