package hub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestCommits(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/models/acme/tiny/commits/main",
		answer: `[{"id":"c2","title":"Two","message":"more","date":"2026-01-02T03:04:05.000Z",
			"authors":[{"user":"ada","avatar":"x"},{"user":"bob"}]},{"id":"c1","title":"One","authors":[]}]`,
	})
	var got []hub.Commit
	for commit, err := range client.Commits(t.Context(), model, "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, commit)
	}
	want := []hub.Commit{
		{
			ID: "c2", Title: "Two", Message: "more", Authors: []string{"ada", "bob"},
			Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		{ID: "c1", Title: "One"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commits differ (-want +got):\n%s", diff)
	}
}

func TestCommitsOfMissingRevision(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/models/acme/tiny/commits/gone", status: 404, answer: `{"error":"Invalid rev id"}`,
	})
	count := 0
	for _, err := range client.Commits(t.Context(), model, "gone") {
		if count++; !hub.IsNotFound(err) {
			t.Errorf("error %v, want not found", err)
		}
	}
	if count != 1 {
		t.Errorf("the sequence has %d entries, want the error only", count)
	}
}
