package emulator

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func TestMerge(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "tiny", "")
	pr := repo + "/discussions/1"
	l.call("bob", "POST", repo+"/discussions", `{"title":"Add a file","description":"x","pullRequest":true}`, 200)
	l.commit("bob", repo, "refs%2Fpr%2F1", "", "new.txt", "hello\n")
	l.commit("ann", repo, "main", "", "other.txt", "meanwhile\n")

	draft := l.call("ann", "POST", pr+"/merge", "", 400)
	if message, _ := draft.field("error").(string); !containsAll(message, "draft", "publish") {
		t.Errorf("refusal of a draft: %q", message)
	}
	l.call("bob", "POST", pr+"/status", `{"status":"open"}`, 200)
	l.call("bob", "POST", pr+"/merge", "", 403)
	l.call("ann", "DELETE", pr+"/ref", "", 400)
	l.call("ann", "POST", pr+"/merge", `{"comment":"thanks"}`, 200)

	got := l.call("ann", "GET", pr+"?diff=1", "", 200)
	merge, _ := got.field("changes", "mergeCommitId").(string)
	if got.field("status") != "merged" || len(merge) != 40 {
		t.Errorf("details after the merge: %v", got.body)
	}
	if diff, _ := got.field("diff").(string); !containsAll(diff, "+hello") || strings.Contains(diff, "meanwhile") {
		t.Errorf("diff of a merged pull request:\n%s", diff)
	}
	r := l.find("ann/tiny")
	if head, _ := r.head(mainBranch); head.String() != merge {
		t.Errorf("main is at %s, want the merge %s", head, merge)
	}
	commit, err := r.commit(mustHead(t, r, mainBranch))
	if err != nil || commit.Message != "Add a file (#1)" {
		t.Errorf("merge commit: %v (%v)", commit, err)
	}
	files, err := r.files(commit.Hash)
	if err != nil || files["new.txt"].hash.IsZero() || files["other.txt"].hash.IsZero() {
		t.Errorf("files after the merge: %v (%v)", files, err)
	}

	l.call("ann", "POST", pr+"/merge", "", 400)
	l.call("ann", "POST", pr+"/status", `{"status":"closed"}`, 400)
	l.call("ann", "DELETE", pr+"/ref", "", 200)
	l.call("ann", "DELETE", pr+"/ref", "", 404)
	got = l.call("ann", "GET", pr, "", 200)
	events := got.field("events").([]any)
	if got.field("changes", "refDeleted") != true || got.field("events", len(events)-1, "type") != "ref-deleted" {
		t.Errorf("details after the ref was deleted: %v", got.body)
	}
}

func TestMergeWithConflicts(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "tiny", "")
	l.commit("bob", repo, "main", "?create_pr=1", "a.txt", "theirs\n")
	l.commit("ann", repo, "main", "", "a.txt", "ours\n")
	pr := repo + "/discussions/1"
	got := l.call("ann", "GET", pr, "", 200)
	if diff := cmp.Diff([]any{"a.txt"}, got.field("filesWithConflicts")); diff != "" {
		t.Errorf("filesWithConflicts (-want +got):\n%s", diff)
	}
	refused := l.call("ann", "POST", pr+"/merge", "", 409)
	if message, _ := refused.field("error").(string); !containsAll(message, "conflict", "a.txt") {
		t.Errorf("refusal: %q", message)
	}
	if status := l.call("ann", "GET", pr, "", 200).field("status"); status != "open" {
		t.Errorf("status %v after a refused merge, want open", status)
	}
	l.commit("bob", repo, "refs%2Fpr%2F1", "", "a.txt", "ours\n")
	l.call("ann", "POST", pr+"/merge", "", 200)
}

func TestMergesUnderConcurrency(t *testing.T) {
	t.Parallel()
	const pulls = 4
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "tiny", "")
	for i := range pulls {
		l.commit("bob", repo, "main", "?create_pr=1", fmt.Sprintf("file%d.txt", i), "text\n")
	}
	var all sync.WaitGroup
	var merged atomic.Int32
	for num := range pulls {
		for range 3 { // only one of them can win
			all.Go(func() {
				got, err := l.do("ann", "POST", fmt.Sprintf("%s/discussions/%d/merge", repo, num+1), "")
				switch {
				case err != nil:
					t.Error(err)
				case got.status == 200:
					merged.Add(1)
				case got.status != 400 && got.status != 409:
					t.Errorf("status %d: %v", got.status, got.body)
				}
			})
		}
	}
	all.Wait()
	if merged.Load() != pulls {
		t.Errorf("%d merges, want %d", merged.Load(), pulls)
	}
	r := l.find("ann/tiny")
	files, err := r.files(mustHead(t, r, mainBranch))
	if err != nil || len(files) != pulls+1 { // and .gitattributes
		t.Errorf("%d files on main (%v), want %d", len(files), err, pulls+1)
	}
}
