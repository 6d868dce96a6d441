package hub_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestCheckAccess(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{call: "GET /api/models/acme/tiny/auth-check", answer: "OK"},
		exchange{call: "GET /api/models/acme/tiny/auth-check/write", status: 403},
	)
	if err := client.CheckAccess(t.Context(), model, hub.AccessRead); err != nil {
		t.Error(err)
	}
	if err := client.CheckAccess(t.Context(), model, hub.AccessWrite); !hub.IsForbidden(err) {
		t.Errorf("write: %v, want forbidden", err)
	}
}

func TestRepoExists(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		code   string
		want   bool
		failed bool
	}{
		"yes":     {status: 200, want: true},
		"gated":   {status: 403, code: "GatedRepo", want: true},
		"no":      {status: 404, code: "RepoNotFound"},
		"hidden":  {status: 401, code: "RepoNotFound"},
		"refused": {status: 403, failed: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, exchange{
				call: "GET /api/models/acme/tiny/auth-check", status: test.status,
				header: map[string][]string{"X-Error-Code": {test.code}},
			})
			got, err := client.RepoExists(t.Context(), model)
			if got != test.want || (err != nil) != test.failed {
				t.Errorf("RepoExists = %v, %v", got, err)
			}
		})
	}
}

func TestRepos(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call:   "GET /api/models?author=acme&filter=license%3Amit&filter=pytorch&limit=1&search=t&sort=likes",
			header: map[string][]string{"Link": {`<BASE/api/models?cursor=x>; rel="next"`}},
			answer: `[{"_id":"1","id":"acme/tiny","likes":3}]`,
		},
		exchange{call: "GET /api/models?cursor=x", answer: `[{"_id":"2","id":"acme/two","pipeline_tag":"fill-mask"}]`},
	)
	filter := hub.RepoFilter{Author: "acme", Search: "t", Tags: []string{"license:mit", "pytorch"}, Sort: "likes", Limit: 1}
	var got []hub.RepoInfo
	for info, err := range client.Repos(t.Context(), hub.Model, filter) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info)
	}
	want := []hub.RepoInfo{{ID: "1", Name: "acme/tiny", Likes: 3}, {ID: "2", Name: "acme/two", PipelineTag: "fill-mask"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("repositories differ (-want +got):\n%s", diff)
	}
}
