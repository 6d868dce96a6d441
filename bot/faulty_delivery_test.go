package bot_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// The Hub delivers each event twice and every second one before the one ahead of it: each has its effect once.
func TestDeliveriesTwiceAndOutOfOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome+`  - id: bye
    on: discussion.update
    if: discussion.status == "closed"
    steps:
      - {uses: hub.comment, with: {body: "Bye!"}}
`)
	s.watch()
	s.hub.SetFaults(emulator.Faults{DuplicateDeliveries: true, ReorderDeliveries: true})
	var nums []int
	for range 6 {
		d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
		s.must(err)
		s.must(s.user().SetDiscussionStatus(s.ctx, s.repo, d.Num, "closed", ""))
		nums = append(nums, d.Num)
	}
	s.settle()
	for _, num := range nums {
		got := s.comments(num)
		slices.Sort(got)
		if diff := cmp.Diff([]string{"Bye!", "Hello!"}, got); diff != "" {
			t.Errorf("discussion %d: %s", num, diff)
		}
	}
	var events []string // in the order in which they came in
	duplicates := 0
	for _, d := range slices.Backward(s.deliveries()) {
		duplicates += d.Duplicates
		if d.Scope == "discussion" {
			events = append(events, d.Action)
		}
	}
	if duplicates < 2*len(nums) || slices.Equal(events, slices.Repeat([]string{"create", "update"}, len(nums))) {
		t.Errorf("%d duplicates, order %q: the deliveries were not faulty", duplicates, events)
	}
}
