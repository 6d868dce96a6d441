package emulator

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscussionList(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	l.call("ann", "POST", base, `{"title":"Alpha","description":""}`, 200)
	l.call("bob", "POST", base, `{"title":"Beta","description":""}`, 200)
	l.call("bob", "POST", base, `{"title":"Gamma alphabet","description":"","pullRequest":true}`, 200)
	l.call("bob", "POST", base, `{"title":"Delta","description":"","pullRequest":true}`, 200)
	l.call("bob", "POST", base+"/2/comment", `{"comment":"again"}`, 201)
	l.call("bob", "POST", base+"/2/status", `{"status":"closed"}`, 200)
	l.call("bob", "POST", base+"/4/status", `{"status":"open"}`, 200)
	l.call("ann", "POST", base+"/4/merge", "", 200)

	for _, test := range []struct {
		query  string
		want   []any
		closed float64
	}{
		{"", []any{4.0, 3.0, 2.0, 1.0}, 2},
		{"?type=all&status=all", []any{4.0, 3.0, 2.0, 1.0}, 2},
		{"?type=discussion", []any{2.0, 1.0}, 1},
		{"?type=pull_request", []any{4.0, 3.0}, 1},
		{"?status=open", []any{3.0, 1.0}, 2},
		{"?status=closed", []any{4.0, 2.0}, 2},
		{"?author=ANN", []any{1.0}, 0},
		{"?author=nobody", nil, 0},
		{"?search=ALPHA", []any{3.0, 1.0}, 0},
		{"?sort=trending", []any{2.0, 4.0, 3.0, 1.0}, 2},
		{"?sort=reactions", []any{4.0, 3.0, 2.0, 1.0}, 2},
	} {
		t.Run(test.query, func(t *testing.T) {
			t.Parallel()
			got := l.call("", "GET", base+test.query, "", 200)
			var nums []any
			for i := range got.field("discussions").([]any) {
				nums = append(nums, got.field("discussions", i, "num"))
			}
			if diff := cmp.Diff(test.want, nums); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
			if got.field("count") != float64(len(test.want)) || got.field("start") != 0.0 ||
				got.field("numClosedDiscussions") != test.closed {
				t.Errorf("counts: %v", got.body)
			}
		})
	}
}

func TestDiscussionListRefusesUnknownQueries(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	for _, query := range []string{"?type=issue", "?status=merged", "?sort=new", "?p=-1", "?p=x"} {
		l.call("ann", "GET", base+query, "", 400)
	}
}

func TestDiscussionListPages(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("space", "app", `,"sdk":"docker"`) + "/discussions"
	for i := range discussionsPerPage + 2 {
		l.call("bob", "POST", base, fmt.Sprintf(`{"title":"Number %d","description":""}`, i+1), 200)
	}
	for page, want := range []struct {
		start, first float64
		length       int
	}{
		{0, discussionsPerPage + 2, discussionsPerPage},
		{discussionsPerPage, 2, 2},
		{discussionsPerPage + 2, 0, 0},
	} {
		got := l.call("bob", "GET", fmt.Sprintf("%s?p=%d", base, page), "", 200)
		list := got.field("discussions").([]any)
		if got.field("start") != want.start || got.field("count") != discussionsPerPage+2.0 || len(list) != want.length {
			t.Errorf("page %d: start %v count %v, %d entries", page, got.field("start"), got.field("count"), len(list))
		}
		if want.length > 0 && got.field("discussions", 0, "num") != want.first {
			t.Errorf("page %d begins with %v, want %v", page, got.field("discussions", 0, "num"), want.first)
		}
	}
}
