package emulator

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPullRequestByAPIStartsAsDraft(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "tiny", "")
	made := l.call("bob", "POST", repo+"/discussions", `{"title":"Mine","description":"x","pullRequest":true}`, 200)
	want := map[string]any{
		"url": l.URL() + "/ann/tiny/discussions/1", "num": 1.0, "pullRequest": true,
		"references": map[string]any{"base": "refs/heads/main"},
	}
	if diff := cmp.Diff(want, made.body); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	got := l.call("bob", "GET", repo+"/discussions/1?diff=1", "", 200)
	for _, field := range []struct {
		path []any
		want any
	}{
		{[]any{"status"}, "draft"},
		{[]any{"isPullRequest"}, true},
		{[]any{"changes", "base"}, "refs/heads/main"},
		{[]any{"changes", "mergeCommitId"}, nil},
		{[]any{"diff"}, nil},
		{[]any{"diffUrl"}, l.URL() + "/ann/tiny/discussions/1/files.diff"},
	} {
		if got.field(field.path...) != field.want {
			t.Errorf("%v is %v, want %v", field.path, got.field(field.path...), field.want)
		}
	}
	if diff := cmp.Diff([]any{}, got.field("filesWithConflicts")); diff != "" {
		t.Errorf("filesWithConflicts (-want +got):\n%s", diff)
	}
}

func TestPullRequestByCommit(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("dataset", "data", "")
	l.commit("ann", repo, "main", "", "a.txt", "one\n")
	opened := l.commit("bob", repo, "main", "?create_pr=1", "a.txt", "two\n")
	if url := opened.field("pullRequestUrl"); url != l.URL()+"/datasets/ann/data/discussions/1" {
		t.Errorf("pullRequestUrl %v", url)
	}
	second := l.commit("bob", repo, "refs%2Fpr%2F1", "", "b.txt", "new\n")

	got := l.call("ann", "GET", repo+"/discussions/1?diff=1", "", 200)
	if got.field("status") != "open" || got.field("title") != "write a.txt" {
		t.Errorf("details: %v", got.body)
	}
	if head := got.field("changes", "headCommitId"); head != second.field("commitOid") {
		t.Errorf("head %v, want %v", head, second.field("commitOid"))
	}
	var line []any
	for i := range got.field("events").([]any) {
		line = append(line, got.field("events", i, "type"), got.field("events", i, "data", "oid"))
	}
	want := []any{"comment", nil, "commit", opened.field("commitOid"), "commit", second.field("commitOid")}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("time line (-want +got):\n%s", diff)
	}
	if diff, _ := got.field("diff").(string); !containsAll(diff, "a.txt", "-one", "+two", "b.txt", "+new") {
		t.Errorf("diff:\n%s", diff)
	}
	if plain := l.call("ann", "GET", repo+"/discussions/1", "", 200); plain.field("diff") != nil {
		t.Errorf("a diff that nobody asked for: %v", plain.field("diff"))
	}
}

func TestPullRequestListsItsOwnCommitsOnly(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "tiny", "")
	l.commit("ann", repo, "main", "", "a.txt", "one\n")
	parent := mustHead(t, l.find("ann/tiny"), mainBranch)
	l.commit("ann", repo, "main", "", "b.txt", "two\n")
	lines := fmt.Sprintf(`{"key":"header","value":{"summary":"late","parentCommit":%q}}`+"\n"+
		`{"key":"file","value":{"path":"c.txt","content":"three"}}`, parent)
	oid := l.call("bob", "POST", repo+"/commit/main?create_pr=1", lines, 200).field("commitOid")
	got := l.call("ann", "GET", repo+"/discussions/1", "", 200)
	if events := got.field("events").([]any); len(events) != 2 || got.field("events", 1, "data", "oid") != oid {
		t.Errorf("events %v, want the description and the commit %v", events, oid)
	}
}
