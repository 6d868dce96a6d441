package hub_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestWhoAmIIsKept(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{call: "GET /api/whoami-v2", status: 401, answer: `{"error":"Invalid credentials in Authorization header"}`},
		exchange{
			call: "GET /api/whoami-v2",
			answer: `{"type":"user","id":"6614ea0d1340d11d7972ca25","name":"ada","fullname":"Ada L.",
				"orgs":[{"type":"org","id":"667977f90c8e732d6bf90ed6","name":"acme","roleInOrg":"write"}],
				"auth":{"type":"access_token","expiresAt":"2026-12-31T00:00:00.000Z","accessToken":{"displayName":"bot",
				"role":"fineGrained","fineGrained":{"global":["discussion.write"],"canReadGatedRepos":true,
				"scoped":[{"entity":{"_id":"667977f90c8e732d6bf90ed6","type":"org","name":"acme"},
				"permissions":["repo.write"]}]}}}}`,
		},
	)
	if _, err := client.WhoAmI(t.Context()); !hub.IsForbidden(err) {
		t.Errorf("the first WhoAmI = %v, want the failure", err)
	}
	want := &hub.Identity{
		Type: "user", ID: "6614ea0d1340d11d7972ca25", Name: "ada", FullName: "Ada L.",
		Orgs: []hub.Identity{{Type: "org", ID: "667977f90c8e732d6bf90ed6", Name: "acme", Role: "write"}},
	}
	want.Auth.Type, want.Auth.ExpiresAt = "access_token", time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	scope := hub.TokenScope{Permissions: []string{"repo.write"}}
	scope.Entity.ID, scope.Entity.Type, scope.Entity.Name = "667977f90c8e732d6bf90ed6", "org", "acme"
	want.Auth.AccessToken = hub.TokenInfo{
		DisplayName: "bot", Role: hub.TokenFineGrained, FineGrained: &hub.FineGrained{
			Global: []string{"discussion.write"}, CanReadGatedRepos: true, Scoped: []hub.TokenScope{scope},
		},
	}
	for _, c := range []*hub.Client{client, client, client.ReadOnly()} {
		got, err := c.WhoAmI(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("identity differs (-want +got):\n%s", diff)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fresh := serve(t)
	if _, err := fresh.WhoAmI(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("WhoAmI = %v, want context.Canceled", err)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call:   "GET /api/users/6614ea0d1340d11d7972ca25/overview",
		answer: `{"_id":"6614ea0d1340d11d7972ca25","user":"ada","fullname":"Ada L.","isPro":true,"type":"user"}`,
	}, exchange{call: "GET /api/users/a%2Fb%3F/overview", status: 404})
	got, err := client.User(t.Context(), "6614ea0d1340d11d7972ca25")
	if err != nil {
		t.Fatal(err)
	}
	want := &hub.User{ID: "6614ea0d1340d11d7972ca25", Name: "ada", FullName: "Ada L.", IsPro: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("user differs (-want +got):\n%s", diff)
	}
	if _, err := client.User(t.Context(), "a/b?"); !hub.IsNotFound(err) {
		t.Errorf("User of nobody = %v, want not found", err)
	}
}

func TestTokenAllows(t *testing.T) {
	t.Parallel()
	scope := hub.TokenScope{Permissions: []string{hub.PermissionWrite}}
	scope.Entity.Name = "acme"
	fine := hub.TokenInfo{Role: hub.TokenFineGrained, FineGrained: &hub.FineGrained{
		Global: []string{hub.PermissionDiscussion}, Scoped: []hub.TokenScope{scope},
	}}
	tests := []struct {
		token      hub.TokenInfo
		permission string
		namespace  string
		want       bool
	}{
		{hub.TokenInfo{Role: hub.TokenWrite}, hub.PermissionWrite, "acme", true},
		{hub.TokenInfo{Role: hub.TokenRead}, hub.PermissionWrite, "acme", false},
		{hub.TokenInfo{Role: hub.TokenRead}, hub.PermissionRead, "acme", true},
		{hub.TokenInfo{Role: hub.TokenFineGrained}, hub.PermissionRead, "acme", false},
		{fine, hub.PermissionDiscussion, "ada", true},
		{fine, hub.PermissionWrite, "acme", true},
		{fine, hub.PermissionWrite, "ada", false},
		{fine, hub.PermissionWebhooks, "acme", false},
	}
	for _, test := range tests {
		if got := test.token.Allows(test.permission, test.namespace); got != test.want {
			t.Errorf("a %s token allows %s in %s: %v", test.token.Role, test.permission, test.namespace, got)
		}
	}
}
