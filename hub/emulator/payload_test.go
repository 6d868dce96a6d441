package emulator

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// shape turns each value into its kind, so that payloads of different repositories can be compared.
func shape(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kinds := map[string]any{}
		for key, each := range value {
			kinds[key] = shape(each)
		}
		return kinds
	case []any:
		var kinds []any
		for _, each := range value {
			kinds = append(kinds, shape(each))
		}
		return kinds
	case string:
		switch {
		case hexText.MatchString(value):
			return fmt.Sprintf("%d hex digits", len(value))
		case strings.HasPrefix(value, "http"):
			return "address"
		}
		return "text"
	case float64:
		return "number"
	default:
		return value // booleans and null matter themselves
	}
}

var hexText = regexp.MustCompile(`^([0-9a-f]{24}|[0-9a-f]{40})$`)

// TestPayloads compares what webhooks get with samples of the Hub's payloads.
func TestPayloads(t *testing.T) {
	t.Parallel()
	draft := func(l local, repo string) {
		l.call("bob", "POST", repo+"/discussions", `{"title":"first","description":"text","pullRequest":true}`, 200)
	}
	open := func(l local, repo string) {
		l.call("bob", "POST", repo+"/discussions", `{"title":"first","description":"text"}`, 200)
	}
	first := func(l local, repo string) string {
		id := l.call("bob", "GET", repo+"/discussions/1", "", 200).field("events", 0, "id").(string)
		return repo + "/discussions/1/comment/" + id
	}
	for _, test := range []struct {
		sample, kind string
		before       func(l local, repo string)
		do           func(l local, repo string)
	}{
		{"discussion-create", "model", nil, open},
		{"content-main-commit-model", "model", nil, func(l local, repo string) {
			l.commit("ann", repo, "main", "", "a.txt", "text")
		}},
		{"content-pr-ref-create-space", "space", nil, draft},
		{"discussion-create-pr-open", "model", nil, func(l local, repo string) {
			l.commit("bob", repo, "main", "?create_pr=1", "a.txt", "text")
		}},
		{"discussion-update-status-open-from-draft", "dataset", draft, func(l local, repo string) {
			l.call("bob", "POST", repo+"/discussions/1/status", `{"status":"open"}`, 200)
		}},
		{"discussion-update-status-closed-space", "space", draft, func(l local, repo string) {
			l.call("bob", "POST", repo+"/discussions/1/status", `{"status":"closed"}`, 200)
		}},
		{"discussion-update-title", "model", open, func(l local, repo string) {
			l.call("bob", "POST", repo+"/discussions/1/title", `{"title":"second"}`, 200)
		}},
		{"discussion-update-pinned", "model", open, func(l local, repo string) {
			l.call("ann", "POST", repo+"/discussions/1/pin", `{"pinned":true}`, 200)
		}},
		{"comment-create", "model", open, func(l local, repo string) {
			l.call("ann", "POST", repo+"/discussions/1/comment", `{"comment":"hello"}`, 201)
		}},
		{"comment-create-dataset-pr", "dataset", draft, func(l local, repo string) {
			l.call("ann", "POST", repo+"/discussions/1/comment", `{"comment":"hello"}`, 201)
		}},
		{"comment-update-edited", "model", open, func(l local, repo string) {
			l.call("bob", "POST", first(l, repo)+"/edit", `{"content":"better"}`, 200)
		}},
		{"config-private-true", "model", nil, func(l local, repo string) {
			l.call("ann", "PUT", repo+"/settings", `{"private":true}`, 200)
		}},
		{"config-empty-space-secret", "space", nil, func(l local, repo string) {
			l.call("ann", "PUT", repo+"/settings", `{"gated":"auto"}`, 200)
		}},
		{"repo-move-space-rename", "space", nil, func(l local, repo string) {
			l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/thing","toRepo":"ann/other","type":"space"}`, 200)
		}},
		{"repo-create-space", "space", nil, func(l local, _ string) {
			l.makeRepo("space", "new", `,"sdk":"docker"`)
		}},
	} {
		t.Run(test.sample, func(t *testing.T) {
			t.Parallel()
			l, r := startLocal(t, Options{}), startReceiver(t, nil)
			repo := l.makeRepo(test.kind, "thing", `,"sdk":"docker"`)
			if test.before != nil {
				test.before(l, repo)
			}
			l.watch("ann", r.URL)
			test.do(l, repo)
			files, err := filepath.Glob(filepath.Join("..", "testdata", "payloads", "[0-9][0-9]-"+test.sample+".json"))
			if err != nil || len(files) != 1 {
				t.Fatalf("samples of %s: %v %v", test.sample, files, err)
			}
			raw, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			for _, got := range l.settle(r) {
				if !cmp.Equal(got.body["event"], want["event"]) {
					continue
				}
				if diff := cmp.Diff(shape(want), shape(got.body)); diff != "" {
					t.Errorf("payload (-sample +got):\n%s", diff)
				}
				return
			}
			t.Errorf("no delivery with the event %v", want["event"])
		})
	}
}

func TestPayloadValues(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	repo := l.makeRepo("model", "tiny", "")
	hook := l.watch("ann", r.URL)
	old := mustHead(t, l.find("ann/tiny"), mainBranch).String()
	head := l.commit("ann", repo, "main", "", "a.txt", "text").field("commitOid")
	got := l.settle(r)
	if len(got) != 1 {
		t.Fatalf("%d deliveries of one commit, want 1", len(got))
	}
	ann := l.accounts.named("ann").id
	want := map[string]any{
		"event": map[string]any{"action": "update", "scope": "repo.content"},
		"repo": map[string]any{
			"type": "model", "name": "ann/tiny", "id": l.find("ann/tiny").id, "private": false, "headSha": head,
			"owner": map[string]any{"id": ann},
			"url":   map[string]any{"web": l.URL() + "/ann/tiny", "api": l.URL() + "/api/models/ann/tiny"},
		},
		"updatedRefs": []any{map[string]any{"ref": "refs/heads/main", "oldSha": old, "newSha": head}},
		"webhook":     map[string]any{"id": strings.TrimPrefix(hook, "/api/settings/webhooks/"), "version": 3.0},
	}
	if diff := cmp.Diff(want, got[0].body); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
}

func TestMergePayloads(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	repo := l.makeRepo("model", "tiny", "")
	l.commit("bob", repo, "main", "?create_pr=1", "a.txt", "text")
	l.watch("ann", r.URL)
	l.call("ann", "POST", repo+"/discussions/1/merge", "", 200)
	l.call("ann", "DELETE", repo+"/discussions/1/ref", "", 200)
	merge := mustHead(t, l.find("ann/tiny"), mainBranch).String()
	var refs []any
	for _, got := range l.settle(r) {
		if got.event() == "repo.content update" {
			ref := got.body["updatedRefs"].([]any)[0].(map[string]any)
			refs = append(refs, ref["ref"])
			if deleted := ref["ref"] == "refs/pr/1"; deleted != (ref["newSha"] == nil) || !deleted && ref["newSha"] != merge {
				t.Errorf("updated ref %v", ref)
			}
			continue
		}
		discussion := got.body["discussion"].(map[string]any)
		changes := map[string]any{"base": "refs/heads/main", "mergeCommitId": merge}
		if diff := cmp.Diff(changes, discussion["changes"]); diff != "" || discussion["status"] != "merged" {
			t.Errorf("%s: status %v, changes (-want +got):\n%s", got.event(), discussion["status"], diff)
		}
	}
	if len(refs) != 2 {
		t.Errorf("refs told: %v, want main and refs/pr/1", refs)
	}
}

func TestMoveTellsTheOldSubdomain(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	l.makeRepo("space", "Demo_App.v2", `,"sdk":"docker"`)
	l.watch("ann", r.URL)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/Demo_App.v2","toRepo":"ann/demo","type":"space"}`, 200)
	got := l.settle(r)
	if len(got) != 1 || got[0].body["repo"].(map[string]any)["subdomain"] != "ann-demo-app-v2" {
		t.Errorf("deliveries of the move: %v", got)
	}
}

func TestEncodePayloadHiddenComment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		comment hub.PayloadComment
		want    bool
	}{
		{"visible", hub.PayloadComment{Content: "text"}, true},
		{"visible and empty", hub.PayloadComment{}, true},
		{"hidden", hub.PayloadComment{Content: "secret", Hidden: true}, false},
	} {
		body, err := encodePayload(&hub.Payload{Comment: &test.comment}, "hook")
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Comment map[string]any }
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if _, has := got.Comment["content"]; has != test.want {
			t.Errorf("%s: content is there: %v, want %v", test.name, has, test.want)
		}
	}
}
