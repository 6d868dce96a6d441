package actionstest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// Snapshot is the state of a repository in lines of text: its refs, its discussions and all that happened in them.
func (h *Harness) Snapshot(t testing.TB, repo hub.RepoRef) []string {
	t.Helper()
	refs, err := h.User.Refs(t.Context(), repo)
	if err != nil {
		t.Fatalf("read the refs of %s: %v", repo, err)
	}
	var lines []string
	for _, ref := range slices.Concat(refs.Branches, refs.Tags, refs.Converts, refs.PullRequests) {
		lines = append(lines, ref.Ref+" "+ref.TargetCommit)
	}
	slices.Sort(lines)
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

// discussionLines is the state of one discussion.
func (h *Harness) discussionLines(t testing.TB, repo hub.RepoRef, num int) []string {
	t.Helper()
	d, err := h.User.Discussion(t.Context(), repo, num)
	if err != nil {
		t.Fatalf("read discussion %d of %s: %v", num, repo, err)
	}
	lines := []string{fmt.Sprintf("discussion %d %s %q by %s", num, d.Status, d.Title, d.Author)}
	for _, e := range d.Events {
		lines = append(lines, fmt.Sprintf("discussion %d %s by %s: %q edited %v hidden %v %v",
			num, e.Type, e.Author, e.Content, e.Edited, e.Hidden, e.Data))
	}
	return lines
}
