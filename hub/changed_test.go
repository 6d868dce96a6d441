package hub_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	treeQuery = "?expand=false&recursive=true"
	oldTree   = `[{"type":"directory","path":"d","oid":"x"},{"type":"file","path":"kept","oid":"1"},` +
		`{"type":"file","path":"gone","oid":"2"},{"type":"file","path":"d/edited","oid":"3"}]`
	newTree = `[{"type":"file","path":"kept","oid":"1"},{"type":"file","path":"d/edited","oid":"4"},` +
		`{"type":"file","path":"added","oid":"5"}]`
)

func TestChangedPaths(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{call: "GET /api/models/acme/tiny/tree/old" + treeQuery, answer: oldTree},
		exchange{call: "GET /api/models/acme/tiny/tree/new" + treeQuery, answer: newTree},
		exchange{call: "GET /api/models/acme/tiny/tree/new" + treeQuery, answer: newTree},
		exchange{call: "GET /api/models/acme/tiny/tree/new" + treeQuery, answer: newTree},
	)
	got, err := client.ChangedPaths(t.Context(), model, "old", "new", 10)
	if diff := cmp.Diff([]string{"added", "d/edited", "gone"}, got); diff != "" || err != nil {
		t.Errorf("between two commits: %v\n%s", err, diff)
	}
	got, err = client.ChangedPaths(t.Context(), model, "", "new", 10)
	if diff := cmp.Diff([]string{"added", "d/edited", "kept"}, got); diff != "" || err != nil {
		t.Errorf("without a base: %v\n%s", err, diff)
	}
	if _, err = client.ChangedPaths(t.Context(), model, "", "new", 2); err == nil {
		t.Error("three files were read where two are allowed")
	}
}

func TestLeftMain(t *testing.T) {
	t.Parallel()
	commits := func(revision, answer string) exchange {
		return exchange{call: "GET /api/models/acme/tiny/commits/" + revision, answer: answer}
	}
	gone := exchange{call: "GET /api/models/acme/tiny/commits/main", status: 404, answer: `{"error":"no such revision"}`}
	broken := exchange{call: "GET /api/models/acme/tiny/commits/main", status: 403, answer: `{"error":"no"}`}
	branch := `[{"id":"b2"},{"id":"b1"},{"id":"m1"},{"id":"m0"}]`
	for name, tc := range map[string]struct {
		main exchange
		want string
		fail bool
	}{
		"left main":                     {commits("main", `[{"id":"m2"},{"id":"m1"},{"id":"m0"}]`), "m1", false},
		"nothing in common":             {commits("main", `[{"id":"x"}]`), "", false},
		"no main":                       {gone, "", false},
		"main cannot be read: an error": {broken, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, commits("b2", branch), tc.main)
			got, err := client.LeftMain(t.Context(), model, "b2")
			if got != tc.want || (err != nil) != tc.fail {
				t.Errorf("got %q, %v; want %q, an error %t", got, err, tc.want, tc.fail)
			}
		})
	}
}
