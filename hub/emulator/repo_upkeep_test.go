package emulator

import (
	"net/http"
	"strings"
	"testing"
)

func TestUpkeep(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	l.commit("ann", api, "main", "", "docs/a.txt", "12345")
	oid := l.putLFS("ann", "/ann/m", "large content")
	l.call("ann", "POST", api+"/commit/main", `{"key":"header","value":{"summary":"large"}}`+"\n"+
		`{"key":"lfsFile","value":{"path":"docs/w.bin","algo":"sha256","oid":"`+oid+`","size":13}}`, 200)
	if size := l.call("", "GET", api+"/treesize/main/docs", "", 200); size.field("size") != 18.0 {
		t.Errorf("size: %v", size.body)
	}
	if files := l.call("ann", "GET", api+"/lfs-files", "", 200); files.field(0, "oid") != oid {
		t.Errorf("LFS files: %v", files.body)
	}
	l.call("", "GET", api+"/scan", "", 200)

	copied := l.call("bob", "POST", api+"/duplicate", `{"repository":"bob/copy"}`, 200)
	if copied.field("url") != l.URL()+"/bob/copy" {
		t.Errorf("copy: %v", copied.body)
	}
	l.call("bob", "POST", api+"/duplicate", `{"repository":"bob/copy"}`, 409)
	if _, text := l.read("", "/bob/copy/resolve/main/docs/w.bin"); text != "large content" {
		t.Errorf("the copy has %q", text)
	}

	l.call("bob", "POST", api+"/super-squash/main", `{"message":"One"}`, 403)
	squashed := l.call("ann", "POST", api+"/super-squash/main", `{"message":"One"}`, 200)
	commits := l.call("", "GET", api+"/commits/main", "", 200)
	if len(commits.body.([]any)) != 1 || commits.field(0, "id") != squashed.field("commitId") {
		t.Errorf("commits: %v", commits.body)
	}
	if _, text := l.read("", "/ann/m/resolve/main/docs/a.txt"); text != "12345" {
		t.Errorf("after the squash: %q", text)
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	for host, want := range map[string]int{
		"": 200, "localhost:80": 200, "[::1]:5000": 200, "hub.localhost": 200, "host.docker.internal:5000": 200,
		"evil.example": 403, "127.0.0.1.evil.example:5000": 403,
	} {
		req, err := http.NewRequest(http.MethodGet, l.URL()+"/api/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("host %q: %s, want %d", host, resp.Status, want)
		}
	}
}

func TestRateLimitHeaders(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "m", "")
	for path, want := range map[string]string{
		"/api/models/ann/m": `"api";r=2499;t=300`, "/ann/m/resolve/main/x": `"resolvers";r=11999;t=300`,
	} {
		got, _ := l.do("ann", "GET", path, "")
		if got.header.Get("RateLimit") != want || !strings.Contains(got.header.Get("RateLimit-Policy"), ";w=300") {
			t.Errorf("%s: %q, %q", path, got.header.Get("RateLimit"), got.header.Get("RateLimit-Policy"))
		}
	}
}
