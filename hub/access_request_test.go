package hub_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// startLocal starts a local Hub with the users ada and bob, whose tokens are hf_ada and hf_bob.
func startLocal(t *testing.T) *emulator.Server {
	t.Helper()
	server, err := emulator.New(emulator.Options{Users: []emulator.User{{Name: "ada", Token: "hf_ada"}, {Name: "bob", Token: "hf_bob"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// press is what a button of the Hub's pages does.
func press(t *testing.T, method, address, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s", method, address, resp.Status)
	}
}

func TestAccessRequests(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), startLocal(t)
	ada, bob := server.Client("ada"), server.Client("bob")
	repo := hub.RepoRef{Type: hub.Dataset, Name: "ada/gated"}
	if err := ada.CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	gate := hub.GateManual
	if err := ada.UpdateRepo(ctx, repo, hub.RepoSettings{Gated: &gate}); err != nil {
		t.Fatal(err)
	}
	if err := ada.DecideAccess(ctx, repo, "bob", hub.RequestAccepted, ""); !hub.IsNotFound(err) {
		t.Errorf("nobody asked: %v", err)
	}
	press(t, http.MethodPost, ada.RepoURL(repo)+"/ask-access", "hf_bob")
	var asked hub.AccessRequest
	for request, err := range ada.AccessRequests(ctx, repo, hub.RequestPending) {
		if err != nil {
			t.Fatal(err)
		}
		asked = request
	}
	if asked.User != "bob" || len(asked.UserID) != 24 || asked.Email == "" || asked.Status != hub.RequestPending || asked.RequestedAt.IsZero() {
		t.Fatalf("the request is %+v", asked)
	}
	if err := bob.CheckAccess(ctx, repo, hub.AccessRead); !hub.IsGated(err) {
		t.Errorf("before it is decided: %v", err)
	}
	if err := ada.DecideAccess(ctx, repo, asked.UserID, hub.RequestRejected, "Not yet."); err != nil {
		t.Error(err)
	}
	if err := ada.GrantAccess(ctx, repo, "bob"); err != nil {
		t.Error(err)
	}
	if err := bob.CheckAccess(ctx, repo, hub.AccessRead); err != nil {
		t.Errorf("after it was granted: %v", err)
	}
	for request, err := range bob.AccessRequests(ctx, repo, hub.RequestAccepted) {
		if !hub.IsForbidden(err) {
			t.Errorf("bob sees %+v, %v", request, err)
		}
	}
}

func TestAccessRequestCalls(t *testing.T) {
	t.Parallel()
	const id = "64f9a55bb3115b4f513ec026"
	testChanges(t, map[string]change{
		"by name": {
			exchange{
				call: "POST /api/models/acme/tiny/user-access-request/handle",
				body: `{"user":"bob","status":"rejected","rejectionReason":"No."}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				return c.DecideAccess(ctx, model, "bob", hub.RequestRejected, "No.")
			},
		},
		"by id": {
			exchange{call: "POST /api/models/acme/tiny/user-access-request/grant", body: `{"userId":"` + id + `"}`},
			func(ctx context.Context, c *hub.Client) error { return c.GrantAccess(ctx, model, id) },
		},
	})
}
