package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// pointerTo is the pointer of a content.
func pointerTo(content string) pointer {
	sum := sha256.Sum256([]byte(content))
	return pointer{hex.EncodeToString(sum[:]), int64(len(content))}
}

// batch asks the LFS server of ann/tiny about one object.
func (l local) batch(user, operation string, p pointer) answer {
	l.t.Helper()
	return l.call(user, "POST", "/ann/tiny.git/info/lfs/objects/batch", fmt.Sprintf(
		`{"operation":%q,"transfers":["basic","multipart"],"objects":[{"oid":%q,"size":%d}],"hash_algo":"sha_256"}`,
		operation, p.oid, p.size), 200)
}

// send makes a request without any credentials.
func send(t *testing.T, method, url, body string) (status int, answer string, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	noFollow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := noFollow.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got), resp.Header
}

// uploadLFS stores a content for ann/tiny.
func (l local) uploadLFS(t *testing.T, user, content string) pointer {
	t.Helper()
	p := pointerTo(content)
	asked := l.batch(user, "upload", p)
	href, _ := asked.field("objects", 0, "actions", "upload", "href").(string)
	if status, text, _ := send(t, "PUT", href, content); status != 200 {
		t.Fatalf("upload: status %d: %s", status, text)
	}
	verify, _ := asked.field("objects", 0, "actions", "verify", "href").(string)
	if status, text, _ := send(t, "POST", verify, fmt.Sprintf(`{"oid":%q,"size":%d}`, p.oid, p.size)); status != 200 {
		t.Fatalf("verify: status %d: %s", status, text)
	}
	return p
}

func TestLFSUploadAndDownload(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	content := strings.Repeat("weights", 1000)
	p := l.uploadLFS(t, "ann", content)
	if again := l.batch("ann", "upload", p); again.field("objects", 0, "actions") != nil {
		t.Errorf("a stored object has actions %v", again.body)
	}
	l.call("ann", "POST", api+"/commit/main", lines(`"summary":"s"`, fmt.Sprintf(
		`{"key":"lfsFile","value":{"path":"odd name.dat","algo":"sha256","oid":%q,"size":%d}}`, p.oid, p.size)), 200)

	entry := l.call("", "GET", api+"/tree/main", "", 200)
	if entry.field(1, "size") != 7000.0 || entry.field(1, "lfs", "oid") != p.oid || entry.field(1, "lfs", "pointerSize") != 129.0 {
		t.Errorf("entry %v", entry.field(1))
	}
	status, _, header := send(t, "HEAD", l.URL()+"/ann/tiny/resolve/main/odd%20name.dat", "")
	if status != 302 || header.Get("X-Linked-Etag") != `"`+p.oid+`"` || header.Get("X-Linked-Size") != "7000" {
		t.Fatalf("status %d, header %v", status, header)
	}
	if _, got, _ := send(t, "GET", header.Get("Location"), ""); got != content {
		t.Errorf("downloaded %d bytes", len(got))
	}
	_, raw, _ := send(t, "GET", l.URL()+"/ann/tiny/raw/main/odd%20name.dat", "")
	if raw != string(p.text()) {
		t.Errorf("raw %q", raw)
	}
	_, rules, _ := send(t, "GET", l.URL()+"/ann/tiny/raw/main/.gitattributes", "")
	if !strings.HasSuffix(rules, "\nodd[[:space:]]name.dat filter=lfs diff=lfs merge=lfs -text\n") {
		t.Errorf(".gitattributes ends in %q", rules[len(rules)-80:])
	}
	if !parseAttributes([]byte(rules)).match("x.bin") {
		t.Error("the first rules are gone")
	}
}

func TestLFSRange(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "tiny", "")
	p := l.uploadLFS(t, "ann", "0123456789")
	href := l.batch("", "download", p).field("objects", 0, "actions", "download", "href").(string)
	req, err := http.NewRequest(http.MethodGet, href, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=3-5")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusPartialContent || string(got) != "345" {
		t.Fatalf("status %d, %q, %v", resp.StatusCode, got, err)
	}
}

func TestLFSRefusals(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "tiny", "")
	l.makeRepo("model", "other", "")
	p := pointerTo("secret")
	l.call("", "POST", "/ann/tiny.git/info/lfs/objects/batch", `{"operation":"upload"}`, 401)
	l.call("ann", "POST", "/ann/tiny.git/info/lfs/objects/batch", `{"operation":"steal"}`, 422)
	if got := l.batch("ann", "download", p).field("objects", 0, "error", "code"); got != 404.0 {
		t.Errorf("an unknown object has error %v", got)
	}
	if got := l.batch("ann", "upload", pointer{"12", 1}).field("objects", 0, "error", "code"); got != 422.0 {
		t.Errorf("a bad oid has error %v", got)
	}
	href := l.batch("ann", "upload", p).field("objects", 0, "actions", "upload", "href").(string)
	for name, test := range map[string]struct {
		method, url, body string
		want              int
	}{
		"other content":  {"PUT", href, "wrong!", 400},
		"too long":       {"PUT", href, "secret and more", 400},
		"no signature":   {"PUT", href[:strings.Index(href, "?")], "secret", 403},
		"other size":     {"PUT", strings.Replace(href, "size=6", "size=7", 1), "secret!", 403},
		"other object":   {"PUT", strings.Replace(href, p.oid, pointerTo("x").oid, 1), "secret", 403},
		"to read":        {"GET", href, "", 403},
		"later":          {"PUT", strings.Replace(href, "expires=", "expires=9", 1), "secret", 403},
		"other repo":     {"PUT", strings.Replace(href, l.find("ann/tiny").id, l.find("ann/other").id, 1), "secret", 403},
		"still the same": {"PUT", href, "secret", 200},
	} {
		t.Run(name, func(t *testing.T) {
			if status, text, _ := send(t, test.method, test.url, test.body); status != test.want {
				t.Errorf("status %d, want %d: %s", status, test.want, text)
			}
		})
	}
	// to know the hash of a file in one repository gives no right to it in another
	l.call("ann", "POST", "/api/models/ann/other/commit/main", lines(`"summary":"s"`, fmt.Sprintf(
		`{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":%q,"size":%d}}`, p.oid, p.size)), 400)
}

func TestPointer(t *testing.T) {
	t.Parallel()
	p := pointerTo("x")
	if got, ok := parsePointer(p.text()); !ok || got != p {
		t.Fatalf("parsed %v, %v", got, ok)
	}
	for _, text := range []string{
		"", "version https://git-lfs.github.com/spec/v1\n", string(p.text()) + "more\n", "x" + string(p.text()),
		strings.Replace(string(p.text()), "size 1", "size -1", 1), string(bytes.ToUpper(p.text())),
	} {
		if got, ok := parsePointer([]byte(text)); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestLFSLocks lists none and refuses to make one, so that git-lfs says why.
func TestLFSLocks(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "m", "")
	const locks = "/ann/m.git/info/lfs/locks"
	if list := l.call("ann", "GET", locks, "", 200).field("locks").([]any); len(list) != 0 {
		t.Errorf("locks: %v", list)
	}
	if refused := l.call("ann", "POST", locks, `{"path":"w.bin"}`, 501); refused.field("message") == nil {
		t.Errorf("refused: %v", refused.body)
	}
	l.call("bob", "POST", locks, `{"path":"w.bin"}`, 403)
}
