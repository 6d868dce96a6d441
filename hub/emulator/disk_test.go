package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// putLFS uploads an object for a repository by the LFS API and returns its id.
func (l local) putLFS(user, web, content string) string {
	l.t.Helper()
	sum := sha256.Sum256([]byte(content))
	oid := hex.EncodeToString(sum[:])
	batch := l.call(user, "POST", web+".git/info/lfs/objects/batch",
		fmt.Sprintf(`{"operation":"upload","objects":[{"oid":%q,"size":%d}]}`, oid, len(content)), 200)
	href, _ := batch.field("objects", 0, "actions", "upload", "href").(string)
	req, err := http.NewRequest(http.MethodPut, href, strings.NewReader(content))
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		l.t.Fatalf("upload answered %s", resp.Status)
	}
	return oid
}

var anyPort = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// read gets the body of a path as text.
func (l local) read(user, path string) (int, string) {
	l.t.Helper()
	req, err := http.NewRequest(http.MethodGet, l.URL()+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	if user != "" {
		req.Header.Set("Authorization", "Bearer hf_"+user)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestDataOutlivesTheServer compares what a Hub tells before and after it was started anew.
func TestDataOutlivesTheServer(t *testing.T) {
	t.Parallel()
	opts := Options{Data: t.TempDir(), Orgs: []Org{{Name: "acme", Members: map[string]string{"ann": "admin"}}}}
	l := startLocal(t, opts)
	got := startReceiver(t, nil)
	hook := l.watch("ann", got.URL)
	model := l.makeRepo("model", "first", "")
	space := l.makeRepo("space", "app", `,"sdk":"docker","private":true`)
	l.call("ann", "POST", space+"/secrets", `{"key":"TOKEN","value":"v","description":"d"}`, 200)
	l.call("ann", "POST", space+"/variables", `{"key":"MODE","value":"fast"}`, 200)
	l.call("ann", "POST", space+"/pause", "", 200)
	l.commit("ann", model, "main", "", "README.md", "---\nlicense: mit\n---\n")
	oid := l.putLFS("ann", "/ann/first", "large content")
	l.call("ann", "POST", model+"/commit/main", `{"key":"header","value":{"summary":"large"}}`+"\n"+
		`{"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"`+oid+`","size":13}}`, 200)
	l.call("ann", "POST", model+"/tag/main", `{"tag":"v1","message":"one"}`, 200)
	l.commit("bob", model, "main", "?create_pr=1", "more.txt", "more")
	talk := l.call("bob", "POST", model+"/discussions", `{"title":"A question","description":"why"}`, 200)
	num := fmt.Sprint(talk.field("num"))
	l.call("ann", "POST", model+"/discussions/"+num+"/comment", `{"comment":"because"}`, 201)
	l.call("ann", "POST", model+"/discussions/1/merge", "", 200)
	l.call("ann", "PUT", model+"/settings", `{"gated":"manual"}`, 200)
	l.call("bob", "POST", "/ann/first/ask-access", "", 303)
	l.call("ann", "POST", model+"/user-access-request/grant", `{"user":"bob"}`, 200)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/first","toRepo":"acme/second","type":"model"}`, 200)
	doomed := l.makeRepo("dataset", "doomed", "")
	// The answer is a plain OK.
	if gone, _ := l.do("ann", "DELETE", "/api/repos/delete", `{"name":"ann/doomed","type":"dataset"}`); gone.status != 200 {
		t.Fatalf("delete: %d", gone.status)
	}
	l.settle(got)
	l.call("bob", "POST", "/api/models/acme/second/like", "", 200)
	job := l.call("ann", "POST", "/api/jobs/ann", `{"dockerImage":"i","command":["x"],"flavor":"cpu-basic","labels":{"a":"b"}}`, 200)
	scheduled := l.call("ann", "POST", "/api/scheduled-jobs/ann", scheduledSpec, 200)
	l.call("ann", "POST", "/api/scheduled-jobs/ann/"+scheduled.field("id").(string)+"/run", "", 200)
	l.call("ann", "POST", "/api/scheduled-jobs/ann", scheduledSpec, 200)
	l.call("ann", "POST", "/api/scheduled-jobs/ann/"+scheduled.field("id").(string)+"/suspend", "", 200)
	shelf := l.call("ann", "POST", "/api/collections", `{"title":"t","namespace":"ann","item":{"type":"model","id":"acme/second"}}`, 200)

	asked := []string{
		"/api/jobs/ann", "/api/jobs/ann/" + job.field("id").(string), "/api/scheduled-jobs/ann",
		"/api/collections/" + shelf.field("slug").(string), "/api/users/bob/likes", "/api/models/acme/second/lfs-files",
		"/api/models/acme/second?blobs=true", "/api/models/acme/second/refs?include_prs=1",
		"/api/models/acme/second/commits/main", "/api/models/acme/second/tree/main?expand=true",
		"/api/models/acme/second/discussions/1?diff=1", "/api/models/acme/second/discussions/" + num,
		"/api/models/ann/first", space, space + "/secrets", space + "/variables", space + "/runtime", "/api/whoami-v2",
		"/api/settings/webhooks", hook + "/logs", "/acme/second/resolve/main/w.bin", "/acme/second/resolve/v1/README.md",
		"/api/models/acme/second/user-access-request/accepted",
	}
	tell := func(l local) map[string]string {
		told := map[string]string{}
		for _, path := range asked {
			status, text := l.read("ann", path)
			told[path] = fmt.Sprint(status, " ", anyPort.ReplaceAllString(text, "HUB"))
		}
		return told
	}
	before := tell(l)
	if !strings.HasPrefix(before[hook+"/logs"], `200 [{"id"`) || before["/acme/second/resolve/main/w.bin"] != "200 large content" {
		t.Fatalf("before: %v", before)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := startLocal(t, opts)
	if diff := cmp.Diff(before, tell(again)); diff != "" {
		t.Errorf("before and after the restart:\n%s", diff)
	}
	again.call("ann", "GET", doomed, "", 404)
	next := again.call("bob", "POST", "/api/models/acme/second/discussions", `{"title":"Another","description":""}`, 200)
	if next.field("num") != 3.0 {
		t.Errorf("the next number is %v", next.field("num"))
	}
	if status, _ := again.read("bob", "/acme/second/resolve/main/README.md"); status != 200 {
		t.Errorf("bob lost access: %d", status)
	}
}

func TestDataBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	opts := Options{Data: t.TempDir()}
	l := startLocal(t, opts)
	if other, err := New(opts); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("a second server on %s: %v %v", opts.Data, other, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Data: broken}); err == nil {
		t.Error("a file was taken for a data folder")
	}
}

// TestDeliveriesAreResumed ends a Hub while a delivery waits for its retry; the next one makes it, with the same id.
func TestDeliveriesAreResumed(t *testing.T) {
	t.Parallel()
	opts := Options{Data: t.TempDir()}
	l := startLocal(t, opts)
	failing := startReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	hook := l.watch("ann", failing.URL)
	l.makeRepo("model", "m", "")
	first := <-failing.got
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := startLocal(t, opts)
	second := <-failing.got
	if first.header.Get("Webhook-Id") != second.header.Get("Webhook-Id") || !slices.Equal(first.raw, second.raw) {
		t.Errorf("sent %s %s, then %s %s", first.header, first.raw, second.header, second.raw)
	}
	again.call("ann", "DELETE", hook, "", 200)
}
