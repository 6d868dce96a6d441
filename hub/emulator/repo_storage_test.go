package emulator

import "testing"

func TestStorageOfRepositories(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Orgs: []Org{{Name: "acme", Members: map[string]string{"ann": "admin", "bob": "no_access"}}}})
	l.makeRepo("model", "small", "")
	l.makeRepo("dataset", "large", `,"private":true`)
	l.putLFS("ann", "/datasets/ann/large", "large content")
	l.call("ann", "POST", "/api/repos/create", `{"name":"acme/m"}`, 200)
	got := l.call("ann", "GET", "/api/settings/repositories", "", 200)
	if len(got.body.([]any)) != 2 || got.field(0, "id") != "ann/large" || got.field(0, "storage") != 13.0 ||
		got.field(0, "visibility") != "private" || got.field(0, "storagePercent") != 100.0 || got.field(1, "type") != "model" {
		t.Errorf("repositories: %v", got.body)
	}
	for query, want := range map[string]string{
		"?type=model": "ann/small", "?search=LARGE": "ann/large", "?direction=asc": "ann/small",
		"?sort=updatedAt&type=dataset": "ann/large",
	} {
		if got := l.call("ann", "GET", "/api/settings/repositories"+query, "", 200); got.field(0, "id") != want {
			t.Errorf("%s: %v", query, got.body)
		}
	}
	if got := l.call("ann", "GET", "/api/organizations/acme/settings/repositories", "", 200); got.field(0, "id") != "acme/m" {
		t.Errorf("of acme: %v", got.body)
	}
	l.call("bob", "GET", "/api/organizations/acme/settings/repositories", "", 403)
	l.call("", "GET", "/api/settings/repositories", "", 401)
}
