package emulator

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines joins the records of a commit after a header with the given fields.
func lines(header string, records ...string) string {
	return strings.Join(append([]string{`{"key":"header","value":{` + header + `}}`}, records...), "\n")
}

func TestCommitRecords(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	l.call("ann", "POST", api+"/commit/main", lines(`"summary":"first","description":"more"`,
		`{"key":"file","value":{"path":"a.txt","content":"aGVsbG8=","encoding":"base64"}}`,
		`{"key":"file","value":{"path":"d/b.txt","content":"b"}}`,
		`{"key":"file","value":{"path":"d/c.txt","content":"c"}}`,
		`{"key":"file","value":{"path":"e/f.txt","content":"f"}}`,
		`{"key":"file","value":{"path":"gone.txt","content":""}}`)+"\n", 200)
	made := l.call("ann", "POST", api+"/commit/main", lines(`"summary":"second","description":""`,
		`{"key":"deletedFile","value":{"path":"gone.txt"}}`,
		`{"key":"deletedFolder","value":{"path":"d/"}}`,
		`{"key":"deletedEntry","value":{"path":"e"}}`,
		`{"key":"file","value":{"path":"moved.txt","oldPath":"a.txt"}}`), 200)
	oid, _ := made.field("commitOid").(string)
	want := map[string]any{
		"success": true, "commitOid": oid, "hookOutput": "", "commitUrl": l.URL() + "/ann/tiny/commit/" + oid,
	}
	if diff := cmp.Diff(any(want), made.body); diff != "" {
		t.Fatal(diff)
	}
	files := paths(l.call("", "GET", api+"/tree/main?recursive=true", "", 200))
	if diff := cmp.Diff([]string{".gitattributes", "moved.txt"}, files); diff != "" {
		t.Fatal(diff)
	}
	if got := l.call("", "GET", api+"/paths-info/x", "", 404); got.body == nil {
		t.Fatal("no error text")
	}
	commits := l.call("", "GET", api+"/commits/main", "", 200)
	if commits.field(0, "title") != "second" || commits.field(1, "message") != "more" {
		t.Fatalf("commits %v", commits.body)
	}
}

// yamlBomb is front matter of a hundred bytes that stands for billions of values.
const yamlBomb = "---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
	"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n" +
	"g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n---\n"

func TestRefusedCommits(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	file := func(path, content string) string {
		return fmt.Sprintf(`{"key":"file","value":{"path":%q,"content":%q}}`, path, content)
	}
	for name, test := range map[string]struct {
		body, code string
		want       int
	}{
		"no header":                     {file("a", "a"), "", 400},
		"two headers":                   {lines(`"summary":"s"`, `{"key":"header","value":{"summary":"s"}}`), "", 400},
		"no summary":                    {lines(`"description":"d"`), "", 400},
		"empty":                         {"", "", 400},
		"not JSON":                      {"{", "", 400},
		"unknown key":                   {lines(`"summary":"s"`, `{"key":"copyFile","value":{"path":"a"}}`), "", 400},
		"unknown code":                  {lines(`"summary":"s"`, `{"key":"file","value":{"path":"a","content":"","encoding":"rot"}}`), "", 400},
		"no content":                    {lines(`"summary":"s"`, `{"key":"file","value":{"path":"a"}}`), "", 400},
		"path up":                       {lines(`"summary":"s"`, file("../a", "a")), "", 422},
		"git folder":                    {lines(`"summary":"s"`, file("a/.GIT/config", "a")), "", 422},
		"path of Windows":               {lines(`"summary":"s"`, file(`..\\ddd`, "a")), "", 422},
		"root":                          {lines(`"summary":"s"`, file("/etc/passwd", "a")), "", 422},
		"line break":                    {lines(`"summary":"s"`, file("a\nb", "a")), "", 422},
		"long path":                     {lines(`"summary":"s"`, file(strings.Repeat("p", maxPathLength+1), "a")), "", 422},
		"folder deleted and file in it": {lines(`"summary":"s"`, `{"key":"deletedFolder","value":{"path":".."}}`), "", 422},
		"deep JSON":                     {lines(`"summary":"s"`, `{"key":"file","value":`+strings.Repeat("[", 100_000)), "", 400},
		"deep header":                   {`{"key":"header","value":{"summary":` + strings.Repeat(`{"a":`, 100_000), "", 400},
		"base64 of junk":                {lines(`"summary":"s"`, `{"key":"file","value":{"path":"a","content":"!!!","encoding":"base64"}}`), "", 400},
		"endless line":                  {lines(`"summary":"` + strings.Repeat("s", maxCommitLine) + `"`), "", 413},
		"many records":                  {lines(`"summary":"s"`, strings.Repeat(file("a", "")+"\n", maxChanges+1)), "", 400},
		"YAML bomb":                     {lines(`"summary":"s"`, file("README.md", yamlBomb)), "", 400},
		"card without a list":           {lines(`"summary":"s"`, file("README.md", "\n---\nmodel-index: foo\n---\n")), "", 400},
		"no path":                       {lines(`"summary":"s"`, file("", "a")), "", 422},
		"file and folder":               {lines(`"summary":"s"`, file("a", "a"), file("a/b", "b")), "", 400},
		"bad card":                      {lines(`"summary":"s"`, file("README.md", "---\na: [\n---\n")), "", 400},
		"too large":                     {lines(`"summary":"s"`, file("a", strings.Repeat("x", maxRegularFile+1))), "", 400},
		"missing file":                  {lines(`"summary":"s"`, `{"key":"deletedFile","value":{"path":"x"}}`), codeEntryNotFound, 404},
		"missing folder":                {lines(`"summary":"s"`, `{"key":"deletedFolder","value":{"path":"x"}}`), codeEntryNotFound, 404},
		"missing source":                {lines(`"summary":"s"`, `{"key":"file","value":{"path":"a","oldPath":"x"}}`), codeEntryNotFound, 404},
		"bad oid":                       {lines(`"summary":"s"`, `{"key":"lfsFile","value":{"path":"a","oid":"12"}}`), "", 400},
		"not uploaded": {lines(`"summary":"s"`, fmt.Sprintf(
			`{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":"%064d","size":1}}`, 1)), "", 400},
		"stale parent": {lines(`"summary":"s","parentCommit":"` + strings.Repeat("1", 40) + `"`), "", 412},
	} {
		t.Run(name, func(t *testing.T) {
			got := l.call("ann", "POST", api+"/commit/main", test.body, test.want)
			if code := got.header.Get("X-Error-Code"); code != test.code {
				t.Errorf("code %q, want %q", code, test.code)
			}
		})
	}
	missing := l.call("ann", "POST", api+"/commit/none", lines(`"summary":"s"`), 404)
	if code := missing.header.Get("X-Error-Code"); code != codeRevisionNotFound {
		t.Errorf("a missing branch has code %q", code)
	}
	if commits := l.call("", "GET", api+"/commits/main", "", 200).body.([]any); len(commits) != 1 {
		t.Errorf("%d commits were made", len(commits)-1)
	}
}

func TestCommitOnParent(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	parent := l.call("", "GET", api, "", 200).field("sha").(string)
	body := lines(`"summary":"s","parentCommit":"`+parent+`"`, `{"key":"file","value":{"path":"a","content":"a"}}`)
	l.call("ann", "POST", api+"/commit/main", body, 200)
	stale := l.call("ann", "POST", api+"/commit/main", body, 412)
	want := "The branch was updated since you opened this page. Please refresh and try again."
	if stale.field("error") != want || stale.header.Get("X-Error-Message") != want {
		t.Fatalf("answer %v", stale.body)
	}
}

// Of many commits at once none is lost.
func TestConcurrentCommits(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	const writers = 8
	errs := make(chan error, writers)
	for i := range writers {
		go func() {
			record := fmt.Sprintf(`{"key":"file","value":{"path":"%d.txt","content":"x"}}`, i)
			got, err := l.do("ann", "POST", api+"/commit/main", lines(`"summary":"s"`, record))
			if err == nil && got.status != http.StatusOK {
				err = fmt.Errorf("status %d: %v", got.status, got.body)
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if files := paths(l.call("", "GET", api+"/tree/main", "", 200)); len(files) != writers+1 {
		t.Fatalf("files %v", files)
	}
}

func TestCommitDocument(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	req, err := http.NewRequest(http.MethodPost, l.URL()+api+"/commit/main", jsonBody(`{"summary":"old form",
		"files":[{"path":"a.txt","content":"a"}],"lfsFiles":[],"deletedEntries":[{"path":".gitattributes"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer hf_ann"}, "Content-Type": {"application/json; charset=utf-8"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	if diff := cmp.Diff([]string{"a.txt"}, paths(l.call("", "GET", api+"/tree/main", "", 200))); diff != "" {
		t.Fatal(diff)
	}
}

func TestCommitPullRequest(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("dataset", "rows", "")
	base := l.call("", "GET", api, "", 200).field("sha").(string)
	l.commit("ann", api, "main", "", "later.txt", "x")
	made := l.call("bob", "POST", api+"/commit/main?create_pr=1", lines(`"summary":"An idea","parentCommit":"`+base+`"`,
		`{"key":"file","value":{"path":"idea.txt","content":"i"}}`), 200)
	if want := l.URL() + "/datasets/ann/rows/discussions/1"; made.field("pullRequestUrl") != want {
		t.Fatalf("pullRequestUrl %v, want %s", made.field("pullRequestUrl"), want)
	}
	details := l.call("", "GET", api+"/discussions/1", "", 200)
	if details.field("status") != "open" || details.field("title") != "An idea" {
		t.Fatalf("details %v", details.body)
	}
	if diff := cmp.Diff([]string{".gitattributes", "idea.txt"}, paths(l.call("", "GET", api+"/tree/refs%2Fpr%2F1", "", 200))); diff != "" {
		t.Fatal(diff)
	}
	l.commit("bob", api, "refs%2Fpr%2F1", "", "more.txt", "m") // its author goes on
	l.call("bob", "POST", api+"/commit/main", lines(`"summary":"s"`), 403)
	l.call("", "POST", api+"/commit/main?create_pr=1", lines(`"summary":"s"`), 401)
	l.call("ann", "POST", api+"/discussions/1/merge", "", 200)
	l.call("bob", "POST", api+"/commit/refs%2Fpr%2F1", lines(`"summary":"s"`), 403)
	l.call("ann", "PUT", api+"/settings", `{"discussionsDisabled":true}`, 200)
	l.call("bob", "POST", api+"/commit/main?create_pr=1", lines(`"summary":"s"`), 403)
}

func TestPreupload(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	l.commit("ann", api, "main", "", "known.txt", "0123456789")
	l.commit("ann", api, "main", "", ".gitignore", "*.log\n")
	got := l.call("ann", "POST", api+"/preupload/main", `{"files":[
		{"path":"known.txt","size":10,"sample":"MDEyMzQ1Njc4OQ=="}, {"path":"d/x.safetensors","size":9,"sample":"YQ=="},
		{"path":"huge.txt","size":10485761,"sample":"YQ=="}, {"path":"binary","size":2,"sample":"AAE="},
		{"path":"empty.bin","size":0,"sample":""}, {"path":"run.log","size":1,"sample":"YQ=="}]}`, 200)
	want := []any{
		map[string]any{
			"path": "known.txt", "uploadMode": "regular", "shouldIgnore": false,
			"oid": "ad471007bd7f5983d273b9584e5629230150fd54",
		},
		map[string]any{"path": "d/x.safetensors", "uploadMode": "lfs", "shouldIgnore": false},
		map[string]any{"path": "huge.txt", "uploadMode": "lfs", "shouldIgnore": false},
		map[string]any{"path": "binary", "uploadMode": "lfs", "shouldIgnore": false},
		map[string]any{"path": "empty.bin", "uploadMode": "regular", "shouldIgnore": false},
		map[string]any{"path": "run.log", "uploadMode": "regular", "shouldIgnore": true},
	}
	if diff := cmp.Diff(any(want), got.field("files")); diff != "" {
		t.Fatal(diff)
	}
	sent := l.call("bob", "POST", api+"/preupload/main?create_pr=1",
		`{"files":[{"path":"x.safetensors","size":9,"sample":"YQ=="}],"gitAttributes":"*.foo filter=lfs\n"}`, 200)
	if mode := sent.field("files", 0, "uploadMode"); mode != "regular" {
		t.Fatalf("by the sent rules the mode is %v", mode)
	}
	l.call("ann", "POST", "/api/models/ann/missing/preupload/main", `{"files":[]}`, 404)
}

func TestValidateYAML(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	for _, test := range []struct {
		kind, content    string
		status, warnings int
		problem          string
	}{
		{"model", `---\nlicense: mit\n---\n`, 200, 0, ""},
		{"dataset", `---\nlicense: [mit, cc-by-4.0]\n---\n`, 200, 0, ""},
		{"model", `# no metadata`, 200, 1, ""},
		{"model", `---\nlicense: [\n---\n`, 400, 0, "not a valid YAML"},
		{"model", `---\n- a list\n---\n`, 400, 0, "not a valid YAML"},
		{"model", `---\nlicense: asdf\n---\n`, 400, 0, `"license" must be one of [apache-2.0, mit, `},
		{"model", `---\ncolorFrom: black\n---\n`, 200, 0, ""},
		{"space", `---\ncolorFrom: black\n---\n`, 400, 0, `"colorFrom" must be one of [red, `},
		{"space", `---\nsdk: flask\n---\n`, 400, 0, `"sdk" must be one of [gradio, docker, static]`},
		{"space", `---\nshort_description: ` + strings.Repeat("x", 61) + `\n---\n`, 400, 0, `"short_description" length must be`},
	} {
		body := fmt.Sprintf(`{"content":"%s","repoType":%q}`, test.content, test.kind)
		got := l.call("", "POST", "/api/validate-yaml", body, test.status)
		problem, _ := got.field("errors", 0, "message").(string)
		if !strings.Contains(problem, test.problem) || (problem == "") != (test.problem == "") ||
			len(got.field("warnings").([]any)) != test.warnings {
			t.Errorf("%s %q: %v", test.kind, test.content, got.body)
		}
	}
	api := l.makeRepo("model", "m", "")
	refused := l.call("ann", "POST", api+"/commit/main", lines(`"summary":"s"`,
		`{"key":"file","value":{"path":"README.md","content":"---\nlicense: asdf\n---\n"}}`), 400)
	if text := refused.field("error").(string); !strings.HasPrefix(text, `"license" must be one of`) {
		t.Errorf("commit: %s", text)
	}
}

func FuzzParseCommitLines(f *testing.F) {
	f.Add(lines(`"summary":"s","parentCommit":""`, `{"key":"file","value":{"path":"a","content":"YQ==","encoding":"base64"}}`,
		`{"key":"deletedFolder","value":{"path":"d/"}}`))
	f.Add(lines(`"summary":"s"`, fmt.Sprintf(`{"key":"lfsFile","value":{"path":"a","oid":"%x","size":1}}`, sha256.Sum256(nil))))
	f.Add(`{"key":"header","value":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		request, err := parseCommitLines(strings.NewReader(body))
		if (request == nil) == (err == nil) {
			t.Fatalf("request %v with error %v", request, err)
		}
		if err == nil && request.summary == "" {
			t.Fatal("a commit without a summary was taken")
		}
		if err != nil {
			return
		}
		r := &repo{git: newGitStore()}
		commit, err := r.buildCommit(commitInput{
			message: request.message(), author: &account{name: "ann"}, changes: request.changes,
		}, [20]byte{})
		if err != nil {
			return
		}
		files, err := r.files(commit)
		if err != nil {
			t.Fatalf("the commit cannot be listed: %v", err)
		}
		for path := range files {
			if err := checkPath(path); err != nil {
				t.Fatal(err)
			}
		}
	})
}
