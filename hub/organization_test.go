package hub_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestOrganization(t *testing.T) {
	t.Parallel()
	got, err := serve(t, exchange{
		call:   "GET /api/organizations/acme/overview",
		answer: `{"_id":"o1","name":"acme","fullname":"Acme","plan":"team","numUsers":3,"isMember":true,"numModels":4}`,
	}).Organization(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	want := &hub.Organization{ID: "o1", Name: "acme", FullName: "Acme", Plan: "team", NumUsers: 3, IsMember: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("organization differs (-want +got):\n%s", diff)
	}
}

func TestRoleIn(t *testing.T) {
	t.Parallel()
	const id = "6614ea0d1340d11d7972ca25"
	members := exchange{
		call:   "GET /api/organizations/acme/members?search=ada",
		answer: `[{"_id":"u2","user":"adalbert","role":"admin"},{"_id":"u1","user":"Ada","role":"contributor"}]`,
	}
	tests := map[string]struct {
		namespace, user string
		exchanges       []exchange
		want            hub.Role
	}{
		"own namespace": {"Ada", "ada", nil, hub.RoleAdmin},
		"member":        {"acme", "ada", []exchange{members}, hub.RoleContributor},
		"by id": {
			"acme", id,
			[]exchange{{call: "GET /api/users/" + id + "/overview", answer: `{"user":"ada"}`}, members},
			hub.RoleContributor,
		},
		"stranger": {
			"acme", "bob", []exchange{{call: "GET /api/organizations/acme/members?search=bob", answer: `[]`}}, hub.RoleNone,
		},
		"role not shown": {
			"acme", "bob",
			[]exchange{{call: "GET /api/organizations/acme/members?search=bob", answer: `[{"user":"bob"}]`}},
			hub.RoleUnknown,
		},
		"somebody else's namespace": {
			"eve", "bob", []exchange{{call: "GET /api/organizations/eve/members?search=bob", status: 404}}, hub.RoleNone,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := serve(t, test.exchanges...).RoleIn(t.Context(), test.namespace, test.user)
			if err != nil || got != test.want {
				t.Errorf("RoleIn = %q, %v; want %q", got, err, test.want)
			}
		})
	}
	refused := exchange{call: "GET /api/organizations/acme/members?search=ada", status: 403}
	if role, err := serve(t, refused).RoleIn(t.Context(), "acme", "ada"); !hub.IsForbidden(err) || role.CanWrite() {
		t.Errorf("RoleIn when refused = %q, %v", role, err)
	}
}
