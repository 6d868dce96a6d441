package emulator

import "testing"

func TestOrganisationRoles(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{
		Users: []User{{"ann", "hf_ann"}, {"bob", "hf_bob"}, {"cy", "hf_cy"}, {"dee", "hf_dee"}, {"eve", "hf_eve"}},
		Orgs: []Org{{Name: "Acme", Members: map[string]string{
			"ann": "admin", "bob": "write", "cy": "contributor", "dee": "read", "eve": "no_access",
		}}},
	})
	create := `{"name":"tool","organization":"acme","private":true}`
	for user, want := range map[string]int{"dee": 403, "eve": 403} {
		l.call(user, "POST", "/api/repos/create", create, want)
	}
	made := l.call("ann", "POST", "/api/repos/create", create, 200)
	if made.field("name") != "Acme/tool" {
		t.Errorf("made %v", made.body)
	}
	own := l.call("cy", "POST", "/api/repos/create", `{"name":"Acme/own"}`, 200)
	if own.field("name") != "Acme/own" {
		t.Errorf("made %v", own.body)
	}
	for _, test := range []struct {
		user, method, path string
		want               int
	}{
		{"dee", "GET", "/api/models/Acme/tool", 200},
		{"eve", "GET", "/api/models/Acme/tool", 404},
		{"", "GET", "/api/models/Acme/tool", 401},
		{"bob", "GET", "/api/models/Acme/tool/auth-check/write", 200},
		{"cy", "GET", "/api/models/Acme/tool/auth-check/write", 403},
		{"cy", "GET", "/api/models/Acme/own/auth-check/write", 200},
		{"dee", "GET", "/api/models/Acme/tool/auth-check/write", 403},
	} {
		l.call(test.user, test.method, test.path, "", test.want)
	}
	who := l.call("cy", "GET", "/api/whoami-v2", "", 200)
	if who.field("orgs", 0, "name") != "Acme" || who.field("orgs", 0, "roleInOrg") != "contributor" {
		t.Errorf("whoami: %v", who.body)
	}
}

func TestOrganisationPages(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Orgs: []Org{{Name: "acme", Members: map[string]string{"ann": "admin", "bob": "read"}}}})
	overview := l.call("", "GET", "/api/organizations/acme/overview", "", 200)
	if overview.field("numUsers") != 2.0 || overview.field("type") != "org" {
		t.Errorf("overview: %v", overview.body)
	}
	l.call("", "GET", "/api/organizations/ann/overview", "", 404)
	l.call("", "GET", "/api/users/acme/overview", "", 404)
	if seen := l.call("", "GET", "/api/organizations/acme/members", "", 200); seen.field(0, "role") != nil ||
		seen.field(1, "user") != "bob" {
		t.Errorf("a stranger sees %v", seen.body)
	}
	if seen := l.call("bob", "GET", "/api/organizations/acme/members", "", 200); seen.field(0, "role") != "admin" {
		t.Errorf("a member sees %v", seen.body)
	}
}

func TestOrganisationOptions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"unknown member":   {Orgs: []Org{{Name: "a1", Members: map[string]string{"nobody": "admin"}}}},
		"unknown role":     {Orgs: []Org{{Name: "a1", Members: map[string]string{"demo": "boss"}}}},
		"name of a user":   {Orgs: []Org{{Name: "Demo"}}},
		"token of no user": {Tokens: []Token{{User: "nobody", Token: "x", Role: "read"}}},
		"token twice":      {Tokens: []Token{{User: "demo", Token: "hf_demo", Role: "read"}}},
	} {
		if _, err := New(opts); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
