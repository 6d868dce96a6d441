package hub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

var dataset = hub.RepoRef{Type: hub.Dataset, Name: "acme/reviews"}

func TestRepoInfo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		revision, call, answer string
		want                   hub.RepoInfo
	}{
		"all fields": {
			"refs/pr/3", "GET /api/models/acme/tiny/revision/refs%2Fpr%2F3",
			`{"_id":"66079b8b2e56b3db420f616b","id":"acme/tiny","sha":"abc","private":true,"gated":"auto","disabled":false,
			"tags":["pytorch"],"cardData":{"license":"mit"},"library_name":"transformers",
			"siblings":[{"rfilename":"README.md"},{"rfilename":"w.bin","size":3}],
			"lastModified":"2026-01-02T03:04:05.000Z","discussionsDisabled":true,"unknown":[1]}`,
			hub.RepoInfo{
				ID: "66079b8b2e56b3db420f616b", Name: "acme/tiny", SHA: "abc", Private: true, Gated: true,
				Tags: []string{"pytorch"}, CardData: map[string]any{"license": "mit"}, LibraryName: "transformers",
				Siblings: []string{"README.md", "w.bin"}, LastModified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
				DiscussionsDisabled: true,
			},
		},
		"odd values": {
			"", "GET /api/models/acme/tiny",
			`{"id":"acme/tiny","gated":false,"cardData":"x","lastModified":"soon","disabled":true}`,
			hub.RepoInfo{Name: "acme/tiny", Disabled: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := serve(t, exchange{call: test.call, answer: test.answer}).RepoInfo(t.Context(), model, test.revision)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("info differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreateRepo(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call: "POST /api/repos/create", answer: `{"url":"BASE/spaces/acme/app"}`,
			body: `{"name":"app","organization":"acme","type":"space","private":true,"sdk":"docker"}`,
		},
		exchange{
			call: "POST /api/repos/create", body: `{"name":"tiny","type":"model","private":false}`, status: 409,
			answer: `{"error":"You already created this model repo","url":"BASE/acme/tiny"}`,
		},
	)
	app := hub.RepoRef{Type: hub.Space, Name: "acme/app"}
	if err := client.CreateRepo(t.Context(), app, hub.CreateRepoOptions{Private: true, SpaceSDK: "docker"}); err != nil {
		t.Error(err)
	}
	own := hub.RepoRef{Type: hub.Model, Name: "tiny"}
	if err := client.CreateRepo(t.Context(), own, hub.CreateRepoOptions{}); !hub.IsConflict(err) {
		t.Errorf("CreateRepo of one that exists = %v, want a conflict", err)
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/datasets/acme/reviews/refs?include_prs=1",
		answer: `{"branches":[{"name":"main","ref":"refs/heads/main","targetCommit":"a"}],"converts":[],
			"tags":[{"name":"v1","ref":"refs/tags/v1","targetCommit":"b"}],
			"pullRequests":[{"name":"1","ref":"refs/pr/1","targetCommit":"c"}]}`,
	})
	got, err := client.Refs(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	want := &hub.Refs{
		Branches:     []hub.Ref{{Name: "main", Ref: "refs/heads/main", TargetCommit: "a"}},
		Converts:     []hub.Ref{},
		Tags:         []hub.Ref{{Name: "v1", Ref: "refs/tags/v1", TargetCommit: "b"}},
		PullRequests: []hub.Ref{{Name: "1", Ref: "refs/pr/1", TargetCommit: "c"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refs differ (-want +got):\n%s", diff)
	}
}

func TestRepoFacts(t *testing.T) {
	t.Parallel()
	got, err := serve(t, exchange{
		call:   "GET /api/models/acme/tiny/revision/v1?expand=downloadsAllTime&expand=spaces",
		answer: `{"_id":"1","id":"acme/tiny","downloadsAllTime":7,"spaces":["a/b"]}`,
	}).RepoFacts(t.Context(), model, "v1", "downloadsAllTime", "spaces")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"_id": "1", "id": "acme/tiny", "downloadsAllTime": 7.0, "spaces": []any{"a/b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts differ (-want +got):\n%s", diff)
	}
}
