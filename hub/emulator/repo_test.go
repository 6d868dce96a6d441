package emulator

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateRepo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	made := l.call("ann", "POST", "/api/repos/create", `{"name":"tiny","type":"model"}`, 200)
	if got, want := made.field("url"), l.URL()+"/ann/tiny"; got != want {
		t.Fatalf("url %v, want %s", got, want)
	}
	if id, _ := made.field("id").(string); !objectID.MatchString(id) || made.field("name") != "ann/tiny" {
		t.Fatalf("answer %v", made.body)
	}
	again := l.call("ann", "POST", "/api/repos/create", `{"name":"Tiny"}`, 409)
	if again.field("url") != l.URL()+"/ann/Tiny" || again.field("error") == nil {
		t.Fatalf("a repository that exists gives %v", again.body)
	}
	for name, test := range map[string]struct {
		user, body string
		want       int
	}{
		"anonymous":      {"", `{"name":"x"}`, 401},
		"bad token":      {"nobody", `{"name":"x"}`, 401},
		"other's space":  {"ann", `{"name":"x","organization":"bob"}`, 403},
		"bad name":       {"ann", `{"name":"a--b"}`, 400},
		"git suffix":     {"ann", `{"name":"a.git"}`, 400},
		"unknown type":   {"ann", `{"name":"x","type":"planet"}`, 400},
		"space":          {"ann", `{"name":"x","type":"space"}`, 400},
		"not JSON":       {"ann", `{"name":`, 400},
		"bad first file": {"ann", `{"name":"x","files":[{"path":"../x","content":""}]}`, 422},
		"not base64":     {"ann", `{"name":"x","files":[{"path":"x","content":"?","encoding":"base64"}]}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			l.call(test.user, "POST", "/api/repos/create", test.body, test.want)
		})
	}
}

func TestCreateSpaceWithFiles(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.call("ann", "POST", "/api/repos/create", `{"name":"bot","type":"space","sdk":"docker","license":"mit",
		"files":[{"path":"Dockerfile","content":"RlJPTSB4","encoding":"base64"}]}`, 200)
	info := l.call("", "GET", "/api/spaces/ann/bot", "", 200)
	if info.field("sdk") != "docker" || info.field("subdomain") != "ann-bot" || info.field("cardData", "license") != "mit" {
		t.Fatalf("info %v", info.body)
	}
	var names []any
	for i := range 3 {
		names = append(names, info.field("siblings", i, "rfilename"))
	}
	if diff := cmp.Diff([]any{".gitattributes", "Dockerfile", "README.md"}, names); diff != "" {
		t.Fatal(diff)
	}
}

// Whoever may not read a repository gets the same answer as for one that does not exist.
func TestHiddenRepo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "secret", `,"private":true`)
	for _, path := range []string{
		"/api/models/ann/%s", "/api/models/ann/%s/refs", "/api/models/ann/%s/tree/main", "/api/models/ann/%s/commits/main",
		"/ann/%s/resolve/main/README.md", "/ann/%s/raw/main/README.md", "/api/models/ann/%s/auth-check",
		"/ann/%s/info/refs?service=git-upload-pack",
	} {
		for user, want := range map[string]int{"": 401, "bob": 404} {
			hidden := l.call(user, "GET", fmt.Sprintf(path, "secret"), "", want)
			missing := l.call(user, "GET", fmt.Sprintf(path, "missing"), "", want)
			if diff := cmp.Diff(missing.body, hidden.body); diff != "" {
				t.Errorf("%s by %q differs (-missing +private):\n%s", path, user, diff)
			}
			if code := hidden.header.Get("X-Error-Code"); code != codeRepoNotFound {
				t.Errorf("%s by %q: code %q", path, user, code)
			}
		}
	}
	l.call("ann", "GET", "/api/models/ann/secret", "", 200)
	for user, want := range map[string]int{"": 0, "bob": 0, "ann": 1} {
		if list := l.call(user, "GET", "/api/models?author=ann", "", 200).body.([]any); len(list) != want {
			t.Errorf("%q sees %d models, want %d", user, len(list), want)
		}
	}
}

func TestWriteNeedsTheOwner(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	for _, call := range []struct{ method, path, body string }{
		{"POST", api + "/commit/main", `{"key":"header","value":{"summary":"s"}}`},
		{"POST", api + "/preupload/main", `{"files":[]}`},
		{"POST", api + "/branch/side", ``},
		{"DELETE", api + "/branch/main", ``},
		{"POST", api + "/tag/main", `{"tag":"v1"}`},
		{"PUT", api + "/settings", `{"private":true}`},
		{"GET", api + "/auth-check/write", ``},
		{"DELETE", "/api/repos/delete", `{"name":"ann/tiny","type":"model"}`},
		{"POST", "/api/repos/move", `{"fromRepo":"ann/tiny","toRepo":"bob/tiny","type":"model"}`},
	} {
		for user, want := range map[string]int{"": 401, "bob": 403} {
			l.call(user, call.method, call.path, call.body, want)
		}
	}
}

func TestMoveRepo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	target := startReceiver(t, nil)
	l.makeRepo("model", "before", "")
	l.makeRepo("model", "taken", "")
	l.watch("bob", target.URL)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/before","toRepo":"ann/taken","type":"model"}`, 409)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/before","toRepo":"bob/x","type":"model"}`, 403)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/before","toRepo":"ann/after","type":"model"}`, 200)
	if id := l.call("ann", "GET", "/api/models/ann/before?blobs=true", "", 200).field("id"); id != "ann/after" {
		t.Fatalf("the old address leads to %v", id)
	}
	noFollow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := noFollow.Get(l.URL() + "/ann/before/resolve/main/a%20b?x=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusTemporaryRedirect || got != "/ann/after/resolve/main/a%20b?x=1" {
		t.Fatalf("status %d to %q", resp.StatusCode, got)
	}
	events := l.settle(target)
	if len(events) != 1 || events[0].event() != "repo move" {
		t.Fatalf("events %v", events)
	}
	told := answer{body: any(events[0].body)}
	if told.field("repo", "name") != "ann/before" || told.field("movedTo", "name") != "ann/after" {
		t.Fatalf("told %v", told.body)
	}
}

func TestDeleteRepo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("dataset", "rows", "")
	req, err := http.NewRequest(http.MethodDelete, l.URL()+"/api/repos/delete",
		jsonBody(`{"name":"rows","organization":null,"type":"dataset"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer hf_ann")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	l.call("ann", "GET", "/api/datasets/ann/rows", "", 404)
	l.call("ann", "DELETE", "/api/repos/delete", `{"name":"rows","type":"dataset"}`, 404)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	target := startReceiver(t, nil)
	api := l.makeRepo("model", "tiny", "")
	l.watch("ann", target.URL)
	l.call("ann", "PUT", api+"/settings", `{"gated":"sometimes"}`, 400)
	l.call("ann", "PUT", api+"/settings", `{"gated":"auto","discussionsDisabled":true}`, 200)
	events := l.settle(target)
	l.call("ann", "PUT", api+"/settings", `{"visibility":"private"}`, 200)
	info := l.call("ann", "GET", api, "", 200)
	if info.field("private") != true || info.field("gated") != "auto" || info.field("discussionsDisabled") != true {
		t.Fatalf("info %v", info.body)
	}
	l.call("bob", "GET", api, "", 404)
	var told []any
	for _, event := range append(events, l.settle(target)...) {
		told = append(told, event.event(), event.body["updatedConfig"])
	}
	want := []any{"repo.config update", map[string]any{}, "repo.config update", map[string]any{"private": true}}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Fatal(diff)
	}
}

func TestGatedContent(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	l.call("ann", "PUT", api+"/settings", `{"gated":"manual"}`, 200)
	l.call("bob", "GET", api, "", 200)
	for user, want := range map[string]int{"": 401, "bob": 403} {
		refused := l.call(user, "GET", "/ann/tiny/resolve/main/.gitattributes", "", want)
		if code := refused.header.Get("X-Error-Code"); code != codeGatedRepo {
			t.Errorf("code %q", code)
		}
		l.call(user, "GET", "/ann/tiny/info/refs?service=git-upload-pack", "", want)
		l.call(user, "POST", "/ann/tiny.git/info/lfs/objects/batch", `{"operation":"download"}`, want)
	}
}
