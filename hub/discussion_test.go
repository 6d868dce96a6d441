package hub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestDiscussionsPageByNumber(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call: "GET /api/models/acme/tiny/discussions?author=ada&p=0&status=open&type=pull_request",
			answer: `{"discussions":[{"num":3,"title":"C","author":{"name":"ada"},"status":"open","isPullRequest":true,
				"createdAt":"2026-01-02T03:04:05.000Z"},{"num":2,"title":"B","status":"open"}],"count":3,"start":0}`,
		},
		exchange{
			call:   "GET /api/models/acme/tiny/discussions?author=ada&p=1&status=open&type=pull_request",
			answer: `{"discussions":[{"num":1,"title":"A"}],"count":3,"start":2}`,
		},
	)
	filter := hub.DiscussionFilter{Type: "pull_request", Status: "open", Author: "ada"}
	var got []hub.DiscussionSummary
	for summary, err := range client.Discussions(t.Context(), model, filter) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, summary)
	}
	want := []hub.DiscussionSummary{
		{
			Num: 3, Title: "C", Author: "ada", Status: "open", IsPullRequest: true,
			CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		{Num: 2, Title: "B", Status: "open"},
		{Num: 1, Title: "A"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discussions differ (-want +got):\n%s", diff)
	}
}

func TestDiscussionsEnd(t *testing.T) {
	t.Parallel()
	tests := map[string][]exchange{
		"none": {{call: "GET /api/models/acme/tiny/discussions?p=0", answer: `{"discussions":[],"count":0,"start":0}`}},
		"fewer than counted": {
			{call: "GET /api/models/acme/tiny/discussions?p=0", answer: `{"discussions":[{"num":1}],"count":9,"start":0}`},
			{call: "GET /api/models/acme/tiny/discussions?p=1", answer: `{"discussions":[],"count":9,"start":1}`},
		},
		"failure": {{call: "GET /api/models/acme/tiny/discussions?p=0", status: 403}},
	}
	for name, exchanges := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failed error
			for _, err := range serve(t, exchanges...).Discussions(t.Context(), model, hub.DiscussionFilter{}) {
				failed = err
			}
			if hub.IsForbidden(failed) != (name == "failure") {
				t.Errorf("error %v", failed)
			}
		})
	}
}

func TestDiscussion(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/datasets/acme/reviews/discussions/8?diff=1",
		answer: `{"_id":"66c401983a91c747a1a568f1","num":8,"title":"Add license","status":"merged","isPullRequest":true,
			"author":{"_id":"u1","name":"ada"},"createdAt":"2026-01-02T03:04:05.000Z","diff":"--- a\n+++ b\n",
			"filesWithConflicts":true,"changes":{"base":"refs/heads/main","mergeCommitId":"m","headCommitId":"h"},
			"events":[
				{"id":"e1","type":"comment","createdAt":"2026-01-02T03:04:06.000Z","author":{"_id":"u1","name":"ada","isOwner":true,"isOrgMember":true},
				 "data":{"edited":true,"hidden":false,"latest":{"raw":"Hello","html":"<p>"}}},
				{"id":"e2","type":"comment","data":{"hidden":true}},
				{"id":"e3","type":"status-change","data":{"status":"merged"}},
				{"id":"e4","type":"new-kind","data":7}]}`,
	})
	got, err := client.Discussion(t.Context(), dataset, 8)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := &hub.Discussion{
		DiscussionSummary: hub.DiscussionSummary{
			Num: 8, Title: "Add license", Author: "ada", Status: "merged", IsPullRequest: true, CreatedAt: at,
		},
		ID: "66c401983a91c747a1a568f1", AuthorID: "u1", Diff: "--- a\n+++ b\n", HasConflicts: true,
		Changes: &hub.DiscussionChanges{Base: "refs/heads/main", MergeCommitID: "m", HeadCommitID: "h"},
		Events: []hub.DiscussionEvent{
			{
				ID: "e1", Type: "comment", CreatedAt: at.Add(time.Second), Author: "ada", AuthorID: "u1",
				AuthorIsOwner: true, AuthorIsMember: true, Content: "Hello", Edited: true,
				Data: map[string]any{"edited": true, "hidden": false, "latest": map[string]any{"raw": "Hello", "html": "<p>"}},
			},
			{ID: "e2", Type: "comment", Hidden: true, Data: map[string]any{"hidden": true}},
			{ID: "e3", Type: "status-change", Data: map[string]any{"status": "merged"}},
			{ID: "e4", Type: "new-kind"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discussion differs (-want +got):\n%s", diff)
	}
}

func TestConflictsOfAPullRequest(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/models/acme/tiny/discussions/8?diff=1", answer: `{"num":8,"filesWithConflicts":["a","b"]}`,
	})
	got, err := client.Discussion(t.Context(), model, 8)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got.Conflicts); diff != "" || !got.HasConflicts {
		t.Errorf("conflicts differ (-want +got):\n%s", diff)
	}
}
