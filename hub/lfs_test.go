package hub_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const lfsBatchCall = "POST /acme/tiny.git/info/lfs/objects/batch"

var weights = strings.Repeat("weights", 10) // 70 bytes

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// unseekable is a file of which only streams can be had.
func unseekable(path, content string) hub.CommitFile {
	return hub.CommitFile{Path: path, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewBufferString(content)), nil
	}}
}

// lfsStore is another host that takes contents; it notes what it gets by method and address. The Authorization of the
// Hub must not come to it.
type lfsStore struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string
	fail int // so many calls fail first
}

func newLFSStore(t *testing.T) *lfsStore {
	t.Helper()
	store := &lfsStore{}
	store.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if auth := r.Header.Get("Authorization"); auth != "" {
			t.Errorf("%s %s carries the Authorization %q", r.Method, r.URL, auth)
		}
		if r.Method == http.MethodPut && r.ContentLength != int64(len(body)) {
			t.Errorf("%s %s has the Content-Length %d for %d bytes", r.Method, r.URL, r.ContentLength, len(body))
		}
		store.mu.Lock()
		defer store.mu.Unlock()
		store.got = append(store.got, r.Method+" "+r.RequestURI+" "+string(body))
		if store.fail > 0 {
			store.fail--
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"etag%d"`, len(store.got)))
		io.WriteString(w, "{}")
	}))
	t.Cleanup(store.Close)
	return store
}

// lfsExchanges are the calls to the Hub for a commit of files that it wants in the LFS store.
func lfsExchanges(paths []string, batchBody, batchAnswer string, then ...exchange) []exchange {
	var modes []string
	for _, path := range paths {
		modes = append(modes, `{"path":"`+path+`","uploadMode":"lfs","shouldIgnore":false}`)
	}
	return append([]exchange{
		{call: preuploadCall, body: "*", answer: `{"files":[` + strings.Join(modes, ",") + `]}`},
		{call: lfsBatchCall, body: batchBody, answer: batchAnswer},
	}, then...)
}

func lfsLine(path, content string) string {
	return fmt.Sprintf(`{"key":"lfsFile","value":{"path":%q,"algo":"sha256","oid":%q,"size":%d}}`,
		path, sumOf(content), len(content))
}

const summaryLine = `{"key":"header","value":{"summary":"S","description":""}}`

func TestLFSBasicUpload(t *testing.T) {
	t.Parallel()
	store := newLFSStore(t)
	sum, other := sumOf(weights), sumOf("other")
	batch := fmt.Sprintf(`{"operation":"upload","transfers":["basic","multipart"],"objects":[{"oid":%q,"size":70},`+
		`{"oid":%q,"size":70},{"oid":%q,"size":5}],"hash_algo":"sha256","ref":{"name":"main"}}`, sum, sum, other)
	answer := fmt.Sprintf(`{"transfer":"basic","objects":[{"oid":%q,"size":70,"actions":{
		"upload":{"href":"%s/put?sig=1","header":{"Authorization":"never sent"}},"verify":{"href":"BASE/verify"}}},
		{"oid":%q,"size":5}]}`, sum, store.URL, other)
	client := serve(t, lfsExchanges([]string{"w.bin", "copy.bin", "known.bin"}, batch, answer,
		exchange{call: "POST /verify", body: fmt.Sprintf(`{"oid":%q,"size":70}`, sum), answer: "{}"},
		exchange{call: commitCall, answer: committed, body: lines(
			summaryLine, lfsLine("w.bin", weights), lfsLine("copy.bin", weights), lfsLine("known.bin", "other"),
		)})...)
	known := hub.BytesFile("known.bin", []byte("other"))
	known.SHA256 = other
	_, err := client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{
		unseekable("w.bin", weights), hub.BytesFile("copy.bin", []byte(weights)), known,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PUT /put?sig=1 " + weights}, store.got); diff != "" {
		t.Errorf("the store got something else (-want +got):\n%s", diff)
	}
}

func TestLFSMultipartUpload(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]hub.CommitFile{
		"seekable": hub.BytesFile("w.bin", []byte(weights)), "not seekable": unseekable("w.bin", weights),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newLFSStore(t)
			sum := sumOf(weights)
			answer := strings.ReplaceAll(fmt.Sprintf(`{"transfer":"multipart","objects":[{"oid":%q,"size":70,"actions":{
				"upload":{"href":"STORE/complete?sig=9","header":{
					"chunk_size":"30","00003":"STORE/p3","00001":"STORE/p1","00002":"STORE/p2"}}}}]}`, sum), "STORE", store.URL)
			client := serve(t, lfsExchanges([]string{"w.bin"}, "*", answer,
				exchange{call: commitCall, body: lines(summaryLine, lfsLine("w.bin", weights)), answer: committed})...)
			_, err := client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{file}})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{
				"PUT /p1 " + weights[:30], "PUT /p2 " + weights[30:60], "PUT /p3 " + weights[60:],
				`POST /complete?sig=9 {"oid":"` + sum + `","parts":[{"partNumber":1,"etag":"\"etag1\""},` +
					`{"partNumber":2,"etag":"\"etag2\""},{"partNumber":3,"etag":"\"etag3\""}]}`,
			}
			if diff := cmp.Diff(want, store.got); diff != "" {
				t.Errorf("the store got something else (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLFSUploadOfPullRequestNamesNoRef(t *testing.T) {
	t.Parallel()
	sum := sumOf(weights)
	client := serve(
		t,
		exchange{
			call: preuploadCall + "?create_pr=1", body: "*",
			answer: `{"files":[{"path":"w.bin","uploadMode":"lfs","shouldIgnore":false}]}`,
		},
		exchange{
			call: lfsBatchCall, answer: `{"objects":[{"oid":"` + sum + `","size":70}]}`,
			body: `{"operation":"upload","transfers":["basic","multipart"],"objects":[{"oid":"` + sum +
				`","size":70}],"hash_algo":"sha256"}`,
		},
		exchange{call: commitCall + "?create_pr=1", body: lines(summaryLine, lfsLine("w.bin", weights)), answer: committed},
	)
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", CreatePR: true, Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLFSUploadIsTriedAgain(t *testing.T) {
	t.Parallel()
	store := newLFSStore(t)
	store.fail = 1
	sum := sumOf(weights)
	answer := fmt.Sprintf(`{"objects":[{"oid":%q,"size":70,"actions":{"upload":{"href":"%s/put"}}}]}`, sum, store.URL)
	client := serve(t, lfsExchanges([]string{"w.bin"}, "*", answer,
		exchange{call: commitCall, body: "*", answer: committed})...)
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", Files: []hub.CommitFile{unseekable("w.bin", weights)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PUT /put " + weights, "PUT /put " + weights}, store.got); diff != "" {
		t.Errorf("the store got something else (-want +got):\n%s", diff)
	}
}

func TestLFSFailures(t *testing.T) {
	t.Parallel()
	upload := func(action string) string {
		return fmt.Sprintf(`{"objects":[{"oid":%q,"size":70,"actions":{"upload":%s}}]}`, sumOf(weights), action)
	}
	tests := map[string]struct{ answer, want string }{
		"refused": {
			fmt.Sprintf(`{"objects":[{"oid":%q,"error":{"code":422,"message":"too big"}}]}`, sumOf(weights)), "422 too big",
		},
		"forgotten":       {`{"objects":[]}`, "did not answer"},
		"odd address":     {upload(`{"href":"file:///etc/passwd"}`), "no http or https address"},
		"no address":      {upload(`{"href":""}`), "no http or https address"},
		"no chunk size":   {upload(`{"href":"BASE/x","header":{"chunk_size":"many"}}`), "chunk_size"},
		"zero chunk size": {upload(`{"href":"BASE/x","header":{"chunk_size":0}}`), "chunk_size"},
		"too few parts": {
			upload(`{"href":"BASE/x","header":{"chunk_size":30,"1":"BASE/1","x2":"BASE/2"}}`), "1 addresses for 3 parts",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, lfsExchanges([]string{"w.bin"}, "*", test.answer)...)
			_, err := client.Commit(t.Context(), model, hub.CommitInput{
				Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))},
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Commit = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestLFSBadHash(t *testing.T) {
	t.Parallel()
	for _, sum := range []string{"abc", strings.Repeat("x", 64)} {
		client := serve(t, exchange{
			call: preuploadCall, body: "*", answer: `{"files":[{"path":"w.bin","uploadMode":"lfs","shouldIgnore":false}]}`,
		})
		file := hub.BytesFile("w.bin", []byte(weights))
		file.SHA256 = sum
		_, err := client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{file}})
		if err == nil || !strings.Contains(err.Error(), "64 hex digits") {
			t.Errorf("Commit with the hash %q = %v", sum, err)
		}
	}
}

// The public Hub's answers name its own host even behind a mirror; what is for the Hub goes to the mirror.
func TestLFSAddressesMoveToTheEndpoint(t *testing.T) {
	t.Parallel()
	answer := fmt.Sprintf(`{"objects":[{"oid":%q,"size":70,"actions":{"upload":{"href":"https://huggingface.co/up?x=1"},
		"verify":{"href":"https://huggingface.co/check"}}}]}`, sumOf(weights))
	client := serve(t, lfsExchanges([]string{"w.bin"}, "*", answer,
		exchange{call: "PUT /up?x=1", body: weights},
		exchange{call: "POST /check", body: "*"},
		exchange{call: commitCall, body: "*", answer: committed})...)
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))},
	})
	if err != nil {
		t.Error(err)
	}
}

// partsStore is an LFS store that takes parts, refuses some, and may forget an upload.
type partsStore struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string
	refuse map[string]int // status by path
}

func newPartsStore(t *testing.T, refuse map[string]int) *partsStore {
	t.Helper()
	store := &partsStore{refuse: refuse}
	store.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		store.mu.Lock()
		defer store.mu.Unlock()
		store.got = append(store.got, r.Method+" "+r.URL.Path)
		if status := store.refuse[r.URL.Path]; status != 0 {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("ETag", `"`+r.URL.Path+`"`)
		io.WriteString(w, "{}")
	}))
	t.Cleanup(store.Close)
	return store
}

// answer is the batch answer of an upload in parts of 30 bytes.
func (s *partsStore) answer(upload string) string {
	return strings.ReplaceAll(fmt.Sprintf(`{"objects":[{"oid":%q,"size":70,"actions":{"upload":{"href":"STORE/complete","header":{
		"chunk_size":"30","1":"STORE/1","2":"STORE/2","3":"STORE/3"}}}}]}`, sumOf(weights)), "STORE", s.URL+"/"+upload)
}

func TestLFSUploadGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refuse map[string]int // at the first commit
		then   map[string]int // at the second
		want   []string
	}{
		"the missing parts only": {
			map[string]int{"/first/2": 403},
			nil,
			[]string{"PUT /first/1", "PUT /first/2", "PUT /first/2", "PUT /first/3", "POST /first/complete"},
		},
		"the completion only": {
			map[string]int{"/first/complete": 400},
			nil,
			[]string{"PUT /first/1", "PUT /first/2", "PUT /first/3", "POST /first/complete", "POST /first/complete"},
		},
		"from the start when the store forgot": {
			map[string]int{"/first/2": 403},
			map[string]int{"/first/2": 404},
			[]string{
				"PUT /first/1", "PUT /first/2", "PUT /first/2",
				"PUT /second/1", "PUT /second/2", "PUT /second/3", "POST /second/complete",
			},
		},
		"from the start when nothing was sent": {
			map[string]int{"/first/1": 403},
			nil,
			[]string{"PUT /first/1", "PUT /second/1", "PUT /second/2", "PUT /second/3", "POST /second/complete"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newPartsStore(t, test.refuse)
			client := serve(t, append(lfsExchanges([]string{"w.bin"}, "*", store.answer("first")),
				lfsExchanges([]string{"w.bin"}, "*", store.answer("second"),
					exchange{call: commitCall, body: "*", answer: committed})...)...)
			in := hub.CommitInput{Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))}}
			if _, err := client.Commit(t.Context(), model, in); err == nil {
				t.Fatal("the first commit succeeds")
			}
			store.mu.Lock()
			store.refuse = test.then
			store.mu.Unlock()
			if _, err := client.Commit(t.Context(), model, in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, store.got); diff != "" {
				t.Errorf("the store got something else (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLFSUploadGoesOnInAnotherProcess has a second client, which knows of the first one by the folder only.
func TestLFSUploadGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "uploads")
	store := newPartsStore(t, map[string]int{"/first/3": 403})
	in := hub.CommitInput{Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))}}
	begun := serve(t, lfsExchanges([]string{"w.bin"}, "*", store.answer("first"))...)
	if _, err := begun.WithUploadFolder(dir).Commit(t.Context(), model, in); err == nil {
		t.Fatal("the first commit succeeds")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("in the folder: %v %v", left, err)
	}
	if info, err := left[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read %v: %v", info, err)
	}
	store.mu.Lock()
	store.refuse, store.got = nil, nil
	store.mu.Unlock()
	next := serve(t, lfsExchanges([]string{"w.bin"}, "*", store.answer("second"),
		exchange{call: commitCall, body: "*", answer: committed})...)
	if _, err := next.WithUploadFolder(dir).Commit(t.Context(), model, in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PUT /first/3", "POST /first/complete"}, store.got); diff != "" {
		t.Errorf("the store got something else (-want +got):\n%s", diff)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("afterwards the folder has %v %v", left, err)
	}
}

// TestLFSUploadIgnoresADamagedFolder begins anew with what it cannot use.
func TestLFSUploadIgnoresADamagedFolder(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{", `{"chunk":-1}`, `{"complete":"http://127.0.0.1:1/x","chunk":30,"parts":{"1":"http://127.0.0.1:1/y"}}`,
	} {
		dir := t.TempDir()
		sum := sha256.Sum256([]byte(model.String() + " " + sumOf(weights)))
		began := strings.Replace(text, "{", `{"began":"`+time.Now().Format(time.RFC3339)+`",`, 1)
		if err := os.WriteFile(filepath.Join(dir, hex.EncodeToString(sum[:])+".json"), []byte(began), 0o600); err != nil {
			t.Fatal(err)
		}
		store := newPartsStore(t, nil)
		client := serve(t, lfsExchanges([]string{"w.bin"}, "*", store.answer("first"),
			exchange{call: commitCall, body: "*", answer: committed})...)
		in := hub.CommitInput{Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))}}
		if _, err := client.WithUploadFolder(dir).Commit(t.Context(), model, in); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestUploadProgress(t *testing.T) {
	t.Parallel()
	store := newPartsStore(t, nil)
	client := serve(t, lfsExchanges([]string{"w.bin"}, "*", store.answer("first"),
		exchange{call: commitCall, body: "*", answer: committed})...)
	var mu sync.Mutex
	var got []int64
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte(weights))},
		Progress: func(p hub.UploadProgress) {
			mu.Lock()
			defer mu.Unlock()
			if got = append(got, p.Sent); p.Path != "w.bin" || p.Size != 70 {
				t.Errorf("progress %+v", p)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{30, 60, 70}, got); diff != "" {
		t.Errorf("progress differs (-want +got):\n%s", diff)
	}
}
