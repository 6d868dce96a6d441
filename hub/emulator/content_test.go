package emulator

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepoInfo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	first := l.call("", "GET", api, "", 200).field("sha")
	l.commit("ann", api, "main", "", "README.md", "---\nlicense: mit\nlibrary_name: transformers\n---\nText")
	l.commit("bob", api, "main", "?create_pr=1", "a.txt", "a")

	info := l.call("", "GET", api+"?blobs=true", "", 200)
	if info.field("library_name") != "transformers" || info.field("cardData", "license") != "mit" ||
		info.field("siblings", 1, "size") != 52.0 {
		t.Fatalf("info %v", info.body)
	}
	if diff := cmp.Diff([]any{"transformers", "license:mit", "region:us"}, info.field("tags")); diff != "" {
		t.Fatal(diff)
	}
	for rev, want := range map[string]any{
		first.(string): first, first.(string)[:7]: first, "main": info.field("sha"), "refs%2Fheads%2Fmain": info.field("sha"),
	} {
		if got := l.call("", "GET", api+"/revision/"+rev, "", 200).field("sha"); got != want {
			t.Errorf("revision %s is %v, want %v", rev, got, want)
		}
	}
	l.call("", "GET", api+"/revision/refs%2Fpr%2F1", "", 200)
	missing := l.call("", "GET", api+"/revision/none", "", 404)
	if code := missing.header.Get("X-Error-Code"); code != codeRevisionNotFound {
		t.Errorf("code %q", code)
	}
	small := l.call("", "GET", api+"?expand=sha&expand=private", "", 200).body
	want := map[string]any{"_id": info.field("_id"), "id": "ann/tiny", "sha": info.field("sha"), "private": false}
	if diff := cmp.Diff(any(want), small); diff != "" {
		t.Fatal(diff)
	}
}

// paths gives the path of each entry of an answer.
func paths(a answer) []string {
	list, _ := a.body.([]any)
	found := []string{}
	for i := range list {
		found = append(found, a.field(i, "path").(string))
	}
	return found
}

func TestTree(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	for _, path := range []string{"a/b/c.txt", "a/d.txt", "e.txt"} {
		l.commit("ann", api, "main", "", path, path)
	}
	for query, want := range map[string][]string{
		"":                         {".gitattributes", "a", "e.txt"},
		"?recursive=true":          {".gitattributes", "a", "a/b", "a/b/c.txt", "a/d.txt", "e.txt"},
		"/a":                       {"a/b", "a/d.txt"},
		"/a%2Fb?recursive=1":       {"a/b/c.txt"},
		"/a/b":                     {"a/b/c.txt"},
		"?limit=1&cursor=1":        {"a"},
		"?recursive=True&cursor=5": {"e.txt"},
	} {
		if diff := cmp.Diff(want, paths(l.call("", "GET", api+"/tree/main"+query, "", 200))); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	missing := l.call("", "GET", api+"/tree/main/none", "", 404)
	if code := missing.header.Get("X-Error-Code"); code != codeEntryNotFound {
		t.Errorf("code %q", code)
	}
	expanded := l.call("", "GET", api+"/tree/main?expand=true", "", 200)
	var titles []any
	for i := range 3 {
		titles = append(titles, expanded.field(i, "lastCommit", "title"))
	}
	if diff := cmp.Diff([]any{"initial commit", "write a/d.txt", "write e.txt"}, titles); diff != "" {
		t.Error(diff)
	}
}

// Pages are followed by the header Link alone, as clients do.
func TestTreePages(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	for i := range 4 {
		l.commit("ann", api, "refs%2Fheads%2Fmain", "", fmt.Sprintf("%d.txt", i), "x")
	}
	var got []string
	pages := 0
	for next := api + "/tree/refs%2Fheads%2Fmain?recursive=true&limit=2"; next != ""; pages++ {
		page := l.call("", "GET", next, "", 200)
		got = append(got, paths(page)...)
		link, more := strings.CutSuffix(page.header.Get("Link"), `>; rel="next"`)
		next = strings.TrimPrefix(link, "<"+l.URL())
		if more == (next == "") {
			t.Fatalf("Link %q", page.header.Get("Link"))
		}
	}
	want := []string{".gitattributes", "0.txt", "1.txt", "2.txt", "3.txt"}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Fatalf("%d pages: %s", pages, diff)
	}
}

func TestPathsInfo(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	l.commit("ann", api, "main", "", "a/b.txt", "12345")
	at := l.URL() + api + "/paths-info/main"
	form := url.Values{"paths": {"a/b.txt", "none", "a"}, "expand": {"false"}}.Encode()
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": form,
		"application/json":                  `{"paths":["a/b.txt","none","a"],"expand":true}`,
	} {
		resp, err := http.Post(at, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var got answer
		if err := decodeAnswer(resp.Body, &got.body); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "a/b.txt"}, paths(got)); diff != "" || got.field(1, "size") != 5.0 {
			t.Errorf("%s: %v %s", kind, got.body, diff)
		}
	}
}

func TestCommits(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	for i := range 3 {
		l.commit("ann", api, "main", "", fmt.Sprint("file", i), "x")
	}
	page := l.call("", "GET", api+"/commits/main?limit=3&expand[]=formatted", "", 200)
	if page.header.Get("X-Total-Count") != "4" || page.field(2) == nil || page.field(3) != nil {
		t.Fatalf("first page %v %v", page.header, page.body)
	}
	if page.field(0, "title") != "write file2" || page.field(0, "message") != "why" ||
		page.field(0, "authors", 0, "user") != "ann" || page.field(0, "formatted", "title") != "write file2" {
		t.Fatalf("newest %v", page.field(0))
	}
	if want := "<" + l.URL() + api + "/commits/main?expand%5B%5D=formatted&limit=3&p=1>; rel=\"next\""; page.header.Get("Link") != want {
		t.Fatalf("Link %q", page.header.Get("Link"))
	}
	last := l.call("", "GET", api+"/commits/main?limit=3&p=1", "", 200)
	if last.field(0, "title") != "initial commit" || last.header.Get("Link") != "" {
		t.Fatalf("last page %v", last.body)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	from := l.call("", "GET", api, "", 200).field("sha").(string)
	l.commit("ann", api, "main", "", "new.txt", "hello\n")
	diff, _ := l.call("", "GET", api+"/compare/"+from+"..main", "", 200).body.(string)
	if !strings.Contains(diff, "+hello") || !strings.Contains(diff, "b/new.txt") {
		t.Fatalf("diff %q", diff)
	}
	l.call("", "GET", api+"/compare/main..none", "", 404)
	l.call("", "GET", api+"/compare/main", "", 404)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("dataset", "rows", "")
	sha := l.commit("ann", api, "main", "", "dir/a b.txt", "0123456789").field("commitOid").(string)
	at := l.URL() + "/datasets/ann/rows/resolve/main/dir/a%20b.txt"
	for name, test := range map[string]struct {
		method, send, value string
		status              int
		want, rangeHeader   string
	}{
		"whole":        {"GET", "", "", 200, "0123456789", ""},
		"head":         {"HEAD", "", "", 200, "", ""},
		"range":        {"GET", "Range", "bytes=2-4", 206, "234", "bytes 2-4/10"},
		"end":          {"GET", "Range", "bytes=-3", 206, "789", "bytes 7-9/10"},
		"beyond":       {"GET", "Range", "bytes=20-30", 416, "", "bytes */10"},
		"not modified": {"GET", "If-None-Match", `"ad471007bd7f5983d273b9584e5629230150fd54"`, 304, "", ""},
	} {
		req, err := http.NewRequest(test.method, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(test.send, test.value)
		if test.send == "" {
			req.Header = http.Header{}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != test.status || resp.Header.Get("Content-Range") != test.rangeHeader {
			t.Errorf("%s: status %d, Content-Range %q", name, resp.StatusCode, resp.Header.Get("Content-Range"))
		}
		if test.status < 300 && string(body) != test.want {
			t.Errorf("%s: body %q, want %q", name, body, test.want)
		}
		if resp.Header.Get("X-Repo-Commit") != sha {
			t.Errorf("%s: X-Repo-Commit %q", name, resp.Header.Get("X-Repo-Commit"))
		}
		if etag := resp.Header.Get("ETag"); test.status < 300 && etag != `"ad471007bd7f5983d273b9584e5629230150fd54"` {
			t.Errorf("%s: ETag %q is not the blob's id", name, etag)
		}
	}
	missing := l.call("", "GET", "/datasets/ann/rows/resolve/main/none", "", 404)
	if missing.header.Get("X-Error-Code") != codeEntryNotFound || missing.header.Get("X-Repo-Commit") != sha {
		t.Errorf("a missing file has %v", missing.header)
	}
	missing = l.call("", "GET", "/datasets/ann/rows/resolve/none/a", "", 404)
	if missing.header.Get("X-Error-Code") != codeRevisionNotFound {
		t.Errorf("a missing revision has %v", missing.header)
	}
	l.call("", "GET", "/ann/rows/resolve/main/dir/a%20b.txt", "", 401) // there is no model of that name
}
