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

func TestCompareAndScan(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{call: "GET /api/models/acme/tiny/compare/main..refs%2Fpr%2F3", answer: `"--- a\n+++ b\n"`},
		exchange{
			call:   "GET /api/models/acme/tiny/scan",
			answer: `{"scansDone":true,"filesWithIssues":[{"path":"w.bin","level":"unsafe"}]}`,
		},
	)
	diff, err := client.Compare(t.Context(), model, "main", "refs/pr/3")
	if err != nil || diff != "--- a\n+++ b\n" {
		t.Errorf("Compare = %q, %v", diff, err)
	}
	scan, err := client.Scan(t.Context(), model)
	if err != nil || !scan.Done || len(scan.Issues) != 1 || scan.Issues[0].Path != "w.bin" || scan.Issues[0].Level != "unsafe" {
		t.Errorf("Scan = %+v, %v", scan, err)
	}
}
