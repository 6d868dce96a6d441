package emulator

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscussionDetails(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	made := l.call("bob", "POST", base, `{"title":"A question","description":"Why <this>?"}`, 200)
	want := map[string]any{
		"url": l.URL() + "/ann/tiny/discussions/1", "num": 1.0, "pullRequest": false,
	}
	if diff := cmp.Diff(want, made.body); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	got := l.call("", "GET", base+"/1", "", 200)
	for _, field := range []struct {
		path []any
		want any
	}{
		{[]any{"num"}, 1.0},
		{[]any{"title"}, "A question"},
		{[]any{"status"}, "open"},
		{[]any{"isPullRequest"}, false},
		{[]any{"pinned"}, false},
		{[]any{"locked"}, false},
		{[]any{"collection"}, "discussions"},
		{[]any{"author", "name"}, "bob"},
		{[]any{"repo", "name"}, "ann/tiny"},
		{[]any{"repo", "type"}, "model"},
		{[]any{"changes"}, nil},
		{[]any{"filesWithConflicts"}, nil},
		{[]any{"events", 0, "type"}, "comment"},
		{[]any{"events", 0, "author", "name"}, "bob"},
		{[]any{"events", 0, "data", "latest", "raw"}, "Why <this>?"},
		{[]any{"events", 0, "data", "latest", "html"}, "<p>Why &lt;this&gt;?</p>"},
		{[]any{"events", 0, "data", "hidden"}, false},
		{[]any{"events", 0, "data", "edited"}, false},
	} {
		if got.field(field.path...) != field.want {
			t.Errorf("%v is %v, want %v", field.path, got.field(field.path...), field.want)
		}
	}
	for _, path := range [][]any{{"_id"}, {"author", "_id"}, {"events", 0, "id"}} {
		if id, _ := got.field(path...).(string); !objectID.MatchString(id) {
			t.Errorf("%v is %q, want 24 hex digits", path, id)
		}
	}
}

func TestDiscussionCalls(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 65537)
	for _, test := range []struct {
		name, user, method, path, body string
		want                           int
	}{
		{"create", "bob", "POST", "", `{"title":"abc","description":""}`, 200},
		{"longest title", "bob", "POST", "", `{"title":"` + strings.Repeat("é", 200) + `","description":""}`, 200},
		{"title too short", "bob", "POST", "", `{"title":"ab","description":"x"}`, 400},
		{"title too long", "bob", "POST", "", `{"title":"` + strings.Repeat("é", 201) + `","description":"x"}`, 400},
		{"no description", "bob", "POST", "", `{"title":"abc"}`, 400},
		{"longest description", "bob", "POST", "", `{"title":"abc","description":"` + long[2:] + `"}`, 200},
		{"description too long", "bob", "POST", "", `{"title":"abc","description":"` + long + `"}`, 400},
		{"no JSON", "bob", "POST", "", `{`, 400},
		{"create anonymously", "", "POST", "", `{"title":"abc","description":""}`, 401},
		{"missing discussion", "bob", "GET", "/99", "", 404},
		{"number of another kind", "bob", "GET", "/x", "", 404},
		{"comment", "bob", "POST", "/1/comment", `{"comment":"hello"}`, 201},
		{"empty comment", "bob", "POST", "/1/comment", `{"comment":""}`, 400},
		{"comment too long", "bob", "POST", "/1/comment", `{"comment":"` + long + `"}`, 400},
		{"comment on nothing", "bob", "POST", "/99/comment", `{"comment":"hello"}`, 404},
		{"comment anonymously", "", "POST", "/1/comment", `{"comment":"hello"}`, 401},
		{"close another's", "bob", "POST", "/1/status", `{"status":"closed"}`, 403},
		{"close one's own", "bob", "POST", "/2/status", `{"status":"closed"}`, 200},
		{"the owner closes", "ann", "POST", "/2/status", `{"status":"closed"}`, 200},
		{"the Swift client closes", "ann", "PATCH", "/2/status", `{"status":"closed"}`, 200},
		{"open what is open", "ann", "POST", "/1/status", `{"status":"open"}`, 400},
		{"unknown status", "ann", "POST", "/1/status", `{"status":"merged"}`, 400},
		{"rename another's", "bob", "POST", "/1/title", `{"title":"other"}`, 403},
		{"rename one's own", "bob", "POST", "/2/title", `{"title":"other"}`, 200},
		{"rename too short", "bob", "POST", "/2/title", `{"title":"no"}`, 400},
		{"pin without right", "bob", "POST", "/2/pin", `{"pinned":true}`, 403},
		{"pin", "ann", "POST", "/2/pin", `{"pinned":true}`, 200},
		{"pin without saying how", "ann", "POST", "/2/pin", `{}`, 400},
		{"delete without right", "bob", "DELETE", "/2", "", 403},
		{"delete", "ann", "DELETE", "/2", "", 200},
		{"merge a discussion", "ann", "POST", "/1/merge", "", 400},
		{"ref of a discussion", "ann", "DELETE", "/1/ref", "", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := startLocal(t, Options{})
			base := l.makeRepo("dataset", "data", "") + "/discussions"
			l.call("ann", "POST", base, `{"title":"first","description":"of ann"}`, 200)
			l.call("bob", "POST", base, `{"title":"second","description":"of bob"}`, 200)
			got := l.call(test.user, test.method, base+test.path, test.body, test.want)
			if test.want >= 400 && (got.field("error") == nil || got.header.Get("X-Error-Message") == "") {
				t.Errorf("the error is not explained: %v", got.body)
			}
		})
	}
}

func TestDiscussionTimeLine(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	l.call("bob", "POST", base, `{"title":"first","description":"text"}`, 200)
	l.call("bob", "POST", base+"/1/title", `{"title":"renamed"}`, 200)
	l.call("ann", "POST", base+"/1/pin", `{"pinned":true}`, 200)
	closed := l.call("ann", "POST", base+"/1/status", `{"status":"closed","comment":"done"}`, 200)
	if closed.field("newStatus", "data", "status") != "closed" {
		t.Errorf("status answer: %v", closed.body)
	}
	got := l.call("bob", "GET", base+"/1", "", 200)
	var line []string
	for i := range got.field("events").([]any) {
		event := got.field("events", i).(map[string]any)
		line = append(line, fmt.Sprint(event["type"], " by ", event["author"].(map[string]any)["name"]))
	}
	want := []string{
		"comment by bob", "title-change by bob", "pinning-change by ann", "status-change by ann", "comment by ann",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("time line (-want +got):\n%s", diff)
	}
	wantTitle := map[string]any{"from": "first", "to": "renamed"}
	if diff := cmp.Diff(wantTitle, got.field("events", 1, "data")); diff != "" {
		t.Errorf("title change (-want +got):\n%s", diff)
	}
	if got.field("pinned") != true || got.field("status") != "closed" || got.field("title") != "renamed" {
		t.Errorf("details after the changes: %v", got.body)
	}
	l.call("ann", "DELETE", base+"/1", "", 200)
	l.call("bob", "GET", base+"/1", "", 404)
}

func TestDiscussionsOfAPrivateRepoAreHidden(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "secret", `,"private":true`) + "/discussions"
	l.call("ann", "POST", base, `{"title":"first","description":"text"}`, 200)
	for user, want := range map[string]int{"": 401, "bob": 404} {
		for _, call := range [][3]string{
			{"GET", base, ""},
			{"GET", base + "/1", ""},
			{"POST", base + "/1/comment", `{"comment":"hello"}`},
		} {
			got := l.call(user, call[0], call[1], call[2], want)
			if code := got.header.Get("X-Error-Code"); code != "RepoNotFound" {
				t.Errorf("%s %s by %q: code %q, want RepoNotFound", call[0], call[1], user, code)
			}
		}
	}
}

func TestDisabledDiscussions(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	repo := l.makeRepo("model", "quiet", "")
	l.call("ann", "PUT", repo+"/settings", `{"discussionsDisabled":true}`, 200)
	got := l.call("bob", "POST", repo+"/discussions", `{"title":"first","description":"text"}`, 403)
	if got.field("error") != "Discussions are disabled for this repository" {
		t.Errorf("error %q", got.field("error"))
	}
}

func TestDiscussionNumbersUnderConcurrency(t *testing.T) {
	t.Parallel()
	const each = 10
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "busy", "") + "/discussions"
	l.call("ann", "POST", base, `{"title":"first","description":"text"}`, 200)
	var all sync.WaitGroup
	for _, call := range [][2]string{
		{"", `{"title":"more","description":"text"}`},
		{"", `{"title":"more","description":"text","pullRequest":true}`},
		{"/1/comment", `{"comment":"hello"}`},
		{"/1/title", `{"title":"renamed"}`},
	} {
		for range each {
			all.Go(func() {
				if got, err := l.do("ann", "POST", base+call[0], call[1]); err != nil || got.status >= 400 {
					t.Errorf("POST %s: %v %v", call[0], got, err)
				}
				if got, err := l.do("bob", "GET", base+"/1", ""); err != nil || got.status != 200 {
					t.Errorf("GET: %v %v", got, err)
				}
			})
		}
	}
	all.Wait()
	list := l.call("bob", "GET", base, "", 200)
	if list.field("count") != 2*each+1.0 {
		t.Errorf("%v discussions, want %d", list.field("count"), 2*each+1)
	}
	seen := map[any]bool{}
	for i := range list.field("discussions").([]any) {
		seen[list.field("discussions", i, "num")] = true
	}
	if len(seen) != 2*each+1 {
		t.Errorf("%d different numbers, want %d", len(seen), 2*each+1)
	}
	if events := l.call("bob", "GET", base+"/1", "", 200).field("events").([]any); len(events) != 1+2*each {
		t.Errorf("%d events, want %d", len(events), 1+2*each)
	}
}
