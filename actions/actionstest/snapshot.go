package actionstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// state is the state of all repositories that the harness made.
func (h *Harness) state(t testing.TB) []string {
	t.Helper()
	h.mu.Lock()
	repos := slices.Clone(h.repos)
	h.mu.Unlock()
	var lines []string
	for _, repo := range repos {
		lines = append(lines, h.Snapshot(t, repo)...)
	}
	return lines
}

// Snapshot is the state of a repository in lines of text: its settings, its refs with their history and files, its
// discussions and all that happened in them.
func (h *Harness) Snapshot(t testing.TB, repo hub.RepoRef) []string {
	t.Helper()
	info, err := h.User.RepoInfo(t.Context(), repo, "")
	if err != nil {
		t.Fatalf("read %s: %v", repo, err)
	}
	lines := []string{fmt.Sprintf("%s private %v", repo, info.Private)}
	refs, err := h.User.Refs(t.Context(), repo)
	if err != nil {
		t.Fatalf("read the refs of %s: %v", repo, err)
	}
	all := slices.Concat(refs.Branches, refs.Tags, refs.Converts, refs.PullRequests)
	slices.SortFunc(all, func(a, b hub.Ref) int { return strings.Compare(a.Ref, b.Ref) })
	for _, ref := range all {
		lines = append(lines, h.refLines(t, repo, ref)...)
	}
	var nums []int
	for summary, err := range h.User.Discussions(t.Context(), repo, hub.DiscussionFilter{}) {
		if err != nil {
			t.Fatalf("list the discussions of %s: %v", repo, err)
		}
		nums = append(nums, summary.Num)
	}
	slices.Sort(nums)
	for _, num := range nums {
		lines = append(lines, h.discussionLines(t, repo, num)...)
	}
	return lines
}

// shownHash is how much of a content's hash is shown, in hex digits.
const shownHash = 12

// refLines is the state of one ref: the commit, the history and the files.
func (h *Harness) refLines(t testing.TB, repo hub.RepoRef, ref hub.Ref) []string {
	t.Helper()
	lines := []string{fmt.Sprintf("%s %s %s", repo, ref.Ref, ref.TargetCommit)}
	if ref.TargetCommit == "" {
		return lines
	}
	for commit, err := range h.User.Commits(t.Context(), repo, ref.TargetCommit) {
		if err != nil {
			t.Fatalf("read the history of %s at %s: %v", repo, ref.Ref, err)
		}
		lines = append(lines, fmt.Sprintf("%s %s commit %q", repo, ref.Ref, commit.Title))
	}
	slices.Sort(lines[1:]) // two lines of history have no order of their own within a second
	for entry, err := range h.User.Tree(t.Context(), repo, ref.TargetCommit) {
		if err != nil {
			t.Fatalf("list %s at %s: %v", repo, ref.Ref, err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s %d bytes", repo, ref.Ref, entry.Path,
			entry.OID[:min(shownHash, len(entry.OID))], entry.Size))
	}
	return lines
}

// discussionLines is the state of one discussion.
func (h *Harness) discussionLines(t testing.TB, repo hub.RepoRef, num int) []string {
	t.Helper()
	d, err := h.User.Discussion(t.Context(), repo, num)
	if err != nil {
		t.Fatalf("read discussion %d of %s: %v", num, repo, err)
	}
	lines := []string{fmt.Sprintf("%s discussion %d %s %q by %s", repo, num, d.Status, d.Title, d.Author)}
	for _, e := range d.Events {
		lines = append(lines, fmt.Sprintf("%s discussion %d %s by %s: %q edited %v hidden %v%s",
			repo, num, e.Type, e.Author, e.Content, e.Edited, e.Hidden, eventData(e)))
	}
	return lines
}

// eventData is what else an event holds; of a comment it would repeat its text and hold times.
func eventData(e hub.DiscussionEvent) string {
	if e.Type == "comment" {
		return ""
	}
	return fmt.Sprintf(" %v", e.Data)
}
