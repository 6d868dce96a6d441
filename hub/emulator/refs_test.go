package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decodeAnswer(body io.Reader, into *any) error { return json.NewDecoder(body).Decode(into) }

// refNames lists the names in one part of a refs answer.
func refNames(a answer, part string) []string {
	list, _ := a.field(part).([]any)
	names := []string{}
	for i := range list {
		names = append(names, a.field(part, i, "name").(string))
	}
	return names
}

func TestBranches(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	first := l.call("", "GET", api, "", 200).field("sha").(string)
	l.commit("ann", api, "main", "", "a.txt", "a")

	l.call("ann", "POST", api+"/branch/from-main", ``, 200)
	l.call("ann", "POST", api+"/branch/team%2Fold", fmt.Sprintf(`{"startingPoint":%q}`, first[:7]), 200)
	l.call("ann", "POST", api+"/branch/empty", `{"emptyBranch":true}`, 200)
	exists := l.call("ann", "POST", api+"/branch/empty", `{}`, 409)
	if got := exists.field("error"); got != "Reference refs/heads/empty already exists" {
		t.Errorf("error %v", got)
	}
	l.call("ann", "POST", api+"/branch/refs%2Fpr%2F7", `{}`, 400)
	l.call("ann", "POST", api+"/branch/bad..name", `{}`, 400)
	l.call("ann", "POST", api+"/branch/x", `{"startingPoint":"none"}`, 404)

	refs := l.call("", "GET", api+"/refs", "", 200)
	if diff := cmp.Diff([]string{"empty", "from-main", "main", "team/old"}, refNames(refs, "branches")); diff != "" {
		t.Error(diff)
	}
	if got := refs.field("branches", 3, "targetCommit"); got != first {
		t.Errorf("team/old is at %v, want %s", got, first)
	}
	if diff := cmp.Diff([]string{}, paths(l.call("", "GET", api+"/tree/empty", "", 200))); diff != "" {
		t.Error(diff)
	}
	l.commit("ann", api, "team%2Fold", "", "b.txt", "b")
	l.call("ann", "DELETE", api+"/branch/team%2Fold", "", 200)
	l.call("ann", "DELETE", api+"/branch/team%2Fold", "", 404)
	if got := l.call("ann", "DELETE", api+"/branch/main", "", 403).field("error"); got != "Cannot delete refs/heads/main" {
		t.Errorf("error %v", got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	head := l.call("", "GET", api, "", 200).field("sha")
	l.call("ann", "POST", api+"/tag/main", `{"tag":"v1","message":"first"}`, 200)
	l.call("ann", "POST", api+"/tag/main", `{"tag":"v1"}`, 409)
	l.call("ann", "POST", api+"/tag/none", `{"tag":"v2"}`, 404)
	l.call("ann", "POST", api+"/tag/main", `{"tag":"../v2"}`, 400)
	refs := l.call("", "GET", api+"/refs?include_prs=1", "", 200)
	if refs.field("tags", 0, "name") != "v1" || refs.field("tags", 0, "targetCommit") != head {
		t.Fatalf("tags %v", refs.field("tags"))
	}
	for _, part := range []string{"branches", "converts", "tags", "pullRequests"} {
		if _, ok := refs.field(part).([]any); !ok {
			t.Errorf("no list of %s", part)
		}
	}
	if got := l.call("", "GET", api+"/revision/v1", "", 200).field("sha"); got != head {
		t.Errorf("v1 is %v", got)
	}
	l.call("ann", "DELETE", api+"/tag/v1", "", 200)
	missing := l.call("ann", "DELETE", api+"/tag/v1", "", 404)
	if code := missing.header.Get("X-Error-Code"); code != codeRevisionNotFound {
		t.Errorf("code %q", code)
	}
}

// Each change of a ref is told to webhooks once, with where the ref was and is.
func TestRefEvents(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	target := startReceiver(t, nil)
	api := l.makeRepo("model", "tiny", "")
	first := l.call("", "GET", api, "", 200).field("sha")
	l.watch("ann", target.URL)
	var told []any
	settle := func() { // after each change, since deliveries are not in order
		for _, event := range l.settle(target) {
			told = append(told, event.body["updatedRefs"])
		}
	}
	second := l.commit("ann", api, "main", "", "a.txt", "a").field("commitOid")
	settle()
	l.call("ann", "POST", api+"/branch/side", ``, 200)
	settle()
	l.call("ann", "POST", api+"/tag/main", `{"tag":"v1"}`, 200)
	settle()
	l.call("ann", "DELETE", api+"/branch/side", ``, 200)
	settle()
	change := func(ref string, before, after any) any {
		return []any{map[string]any{"ref": ref, "oldSha": before, "newSha": after}}
	}
	want := []any{
		change("refs/heads/main", first, second), change("refs/heads/side", nil, second),
		change("refs/tags/v1", nil, second), change("refs/heads/side", second, nil),
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Fatal(diff)
	}
}
