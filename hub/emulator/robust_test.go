package emulator

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestNamesInOnePartAreMissingRepositories(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "m", "")
	for _, path := range []string{
		"/api/models/gone", "/api/models/gone/revision/main", "/api/datasets/gone/commits/main", "/gone/resolve/main/file.txt",
		"/datasets/gone/resolve/main/a/b.txt", "/api/models/ann/none/nowhere",
	} {
		for user, want := range map[string]int{"ann": 404, "": 401} {
			if got := l.call(user, "GET", path, "", want); got.header.Get("X-Error-Code") != codeRepoNotFound {
				t.Errorf("%s by %q: code %q", path, user, got.header.Get("X-Error-Code"))
			}
		}
	}
	for _, path := range []string{"/api/models/ann/m/nowhere/at/all", "/api/nothing", "/a/b/c/d/e"} {
		if got := l.call("ann", "GET", path, "", 404); got.header.Get("X-Error-Code") != "" {
			t.Errorf("%s: code %q", path, got.header.Get("X-Error-Code"))
		}
	}
}

// TestCommitsWithAParentRace lets many clients commit on the same parent: one wins, the others are told so.
func TestCommitsWithAParentRace(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	const clients, rounds = 8, 5
	for round := range rounds {
		parent := mustHead(t, l.find("ann/m"), mainBranch).String()
		statuses := make(chan int, clients)
		var all sync.WaitGroup
		for client := range clients {
			all.Go(func() {
				got, err := l.do("ann", "POST", api+"/commit/main", fmt.Sprintf(
					`{"key":"header","value":{"summary":"s","parentCommit":%q}}`+"\n"+
						`{"key":"file","value":{"path":"%d/%d.txt","content":"x"}}`, parent, round, client))
				if err != nil {
					t.Error(err)
				}
				statuses <- got.status
			})
		}
		all.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if count[http.StatusOK] != 1 || count[http.StatusPreconditionFailed] != clients-1 {
			t.Errorf("round %d: %v", round, count)
		}
	}
	if entries := l.call("", "GET", api+"/tree/main?recursive=true", "", 200).body.([]any); len(entries) != rounds*2+1 {
		t.Errorf("%d entries", len(entries))
	}
}

// TestPushesRaceWithCommits lets clients push by git and commit by HTTP to one branch. Nothing that was answered with
// success may be missing afterwards.
func TestPushesRaceWithCommits(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	const clients, each = 4, 4
	var all sync.WaitGroup
	var mu sync.Mutex
	var written []string
	done := func(path string) {
		mu.Lock()
		defer mu.Unlock()
		written = append(written, path)
	}
	for client := range clients {
		all.Go(func() {
			for i := range each {
				path := fmt.Sprintf("commit-%d-%d.txt", client, i)
				got, err := l.do("ann", "POST", api+"/commit/main", `{"key":"header","value":{"summary":"s"}}`+"\n"+
					`{"key":"file","value":{"path":"`+path+`","content":"x"}}`)
				if err != nil || got.status != http.StatusOK && got.status != http.StatusConflict {
					t.Errorf("%s: %d %v", path, got.status, err)
				} else if got.status == http.StatusOK {
					done(path)
				}
			}
		})
		all.Go(func() {
			for i := range each {
				path := fmt.Sprintf("push-%d-%d.txt", client, i)
				_, err := Push(t.Context(), PushInput{
					Remote: l.URL() + "/ann/m", User: "ann", Token: "hf_ann", Message: "push", Files: map[string][]byte{path: {'x'}},
				})
				if err == nil { // else somebody was faster, as with git
					done(path)
				}
			}
		})
	}
	all.Wait()
	text := fmt.Sprint(l.call("", "GET", api+"/tree/main", "", 200).body)
	for _, path := range written {
		if !strings.Contains(text, path) {
			t.Errorf("%s is lost", path)
		}
	}
	if len(written) < clients*each {
		t.Errorf("only %d of %d writes came through", len(written), 2*clients*each)
	}
}

// TestRepositoriesComeAndGo makes, renames, writes and deletes the same names at once.
func TestRepositoriesComeAndGo(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", t.TempDir()} {
		l := startLocal(t, Options{Data: data})
		calls := []struct{ method, path, body string }{
			{"POST", "/api/repos/create", `{"name":"one","type":"model"}`},
			{"POST", "/api/repos/create", `{"name":"TWO","type":"model"}`},
			{"POST", "/api/repos/move", `{"fromRepo":"ann/one","toRepo":"ann/two","type":"model"}`},
			{"POST", "/api/repos/move", `{"fromRepo":"ann/two","toRepo":"ann/one","type":"model"}`},
			{"DELETE", "/api/repos/delete", `{"name":"one","type":"model"}`},
			{"DELETE", "/api/repos/delete", `{"name":"two","type":"model"}`},
			{"POST", "/api/models/ann/one/commit/main", `{"key":"header","value":{"summary":"s"}}` + "\n" +
				`{"key":"file","value":{"path":"a","content":"x"}}`},
			{"POST", "/api/models/ann/two/discussions", `{"title":"A title","description":"x"}`},
			{"PUT", "/api/models/ann/one/settings", `{"private":true}`},
			{"GET", "/api/models?full=true", ""},
			{"GET", "/api/models/ann/one", ""},
		}
		var all sync.WaitGroup
		for _, call := range calls {
			all.Go(func() {
				for range 20 {
					status, err := l.statusOf("ann", call.method, call.path, call.body)
					if err != nil || status >= http.StatusInternalServerError {
						t.Errorf("%s %s: %d %v", call.method, call.path, status, err)
					}
				}
			})
		}
		all.Wait()
		seen := map[string]bool{}
		for _, each := range l.call("ann", "GET", "/api/models", "", 200).body.([]any) {
			name := strings.ToLower(each.(map[string]any)["id"].(string))
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if data == "" {
			continue
		}
		again := startLocal(t, Options{Data: data})
		left := again.call("ann", "GET", "/api/models", "", 200).body.([]any)
		if len(left) != len(seen) {
			t.Errorf("%d repositories are left of %d", len(left), len(seen))
		}
	}
}

// statusOf makes a call whose body does not matter. It follows the redirects of renamed repositories.
func (l local) statusOf(user, method, path, body string) (int, error) {
	req, err := http.NewRequest(method, l.URL()+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer hf_"+user)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestRefusedBodiesAreReadToTheirEnd sends more than is taken: the answer must arrive, not a closed connection.
func TestRefusedBodiesAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	many := strings.Repeat(`{"key":"file","value":{"path":"a","content":"x"}}`+"\n", 200_000)
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"too many files": {api + "/commit/main", `{"key":"header","value":{"summary":"s"}}` + "\n" + many, 400},
		"too large":      {api + "/commit/main", `{"key":"header","value":{"summary":"s"}}` + "\n" + strings.Repeat(" ", 70<<20), 413},
		"no header":      {api + "/commit/main", many, 400},
		"no such path":   {api + "/nothing", many, 404},
	} {
		if got, err := l.sendAll(test.path, test.body); err != nil || got != test.status {
			t.Errorf("%s: %d %v", name, got, err)
		}
	}
}

// sendAll sends the whole request before it looks at the answer, as many clients do.
func (l local) sendAll(path, body string) (status int, err error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL(), "http://"))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer hf_ann\r\nContent-Type: application/x-ndjson\r\n"+
		"Content-Length: %d\r\n\r\n%s", path, conn.RemoteAddr(), len(body), body)
	if err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
