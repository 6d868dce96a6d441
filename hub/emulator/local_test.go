package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

// local is a running local Hub with the accounts ann and bob.
type local struct {
	*Server
	t testing.TB
}

func startLocal(t testing.TB, opts Options) local {
	t.Helper()
	if opts.Users == nil {
		opts.Users = []User{{Name: "ann", Token: "hf_ann"}, {Name: "bob", Token: "hf_bob"}}
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.web.Handler = checked(t, s.router)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return local{Server: s, t: t}
}

// answer is the outcome of a call.
type answer struct {
	status int
	header http.Header
	body   any // decoded JSON, nil for none
}

// field digs into a JSON object.
func (a answer) field(path ...any) any {
	at := a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := at.(map[string]any)
			at = object[step]
		case int:
			list, _ := at.([]any)
			if step >= len(list) {
				return nil
			}
			at = list[step]
		}
	}
	return at
}

// do makes a call as user ("" is anonymous); body is JSON text.
func (l local) do(user, method, path, body string) (answer, error) {
	req, err := http.NewRequest(method, l.URL()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{}, err
	}
	if user != "" {
		req.Header.Set("Authorization", "Bearer hf_"+user)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.Contains(path, "/commit/") {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	client := http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.Response.StatusCode == http.StatusSeeOther {
			return http.ErrUseLastResponse // the page that a browser shows next
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	result := answer{status: resp.StatusCode, header: resp.Header}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &result.body); err != nil {
			return result, fmt.Errorf("%s %s answered no JSON: %q", method, path, raw)
		}
	}
	return result, nil
}

// call makes a call and ends the test unless it is answered with the status.
func (l local) call(user, method, path, body string, want int) answer {
	l.t.Helper()
	got, err := l.do(user, method, path, body)
	if err != nil {
		l.t.Fatal(err)
	}
	if got.status != want {
		l.t.Fatalf("%s %s by %q: status %d, want %d: %v", method, path, user, got.status, want, got.body)
	}
	return got
}

// makeRepo makes a repository of ann's and returns its API path.
func (l local) makeRepo(kind, name string, more string) string {
	l.t.Helper()
	l.call("ann", "POST", "/api/repos/create", fmt.Sprintf(`{"name":%q,"type":%q%s}`, name, kind, more), 200)
	return "/api/" + kind + "s/ann/" + name
}

// commit writes one file and returns the answer.
func (l local) commit(user, repo, rev, query, path, content string) answer {
	l.t.Helper()
	lines := fmt.Sprintf(`{"key":"header","value":{"summary":"write %s","description":"why"}}`+"\n"+
		`{"key":"file","value":{"path":%q,"content":%q}}`, path, path, content)
	return l.call(user, "POST", repo+"/commit/"+rev+query, lines, 200)
}

// received is one delivery as the receiver sees it.
type received struct {
	header http.Header
	path   string
	raw    []byte
	body   map[string]any
}

// receiver is a webhook target. Each delivery is put into its channel and then answered by answer, 200 when nil.
type receiver struct {
	*httptest.Server
	got chan received
}

func startReceiver(t testing.TB, answer http.HandlerFunc) receiver {
	t.Helper()
	got := make(chan received, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		one := received{header: r.Header.Clone(), path: r.URL.RequestURI(), raw: raw}
		if err := json.Unmarshal(raw, &one.body); err != nil {
			t.Errorf("delivery is no JSON: %q", raw)
		}
		got <- one
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return receiver{Server: server, got: got}
}

// watch makes a webhook of user's on everything ann owns and returns its path.
func (l local) watch(user, url string) string {
	l.t.Helper()
	made := l.call(user, "POST", "/api/settings/webhooks", fmt.Sprintf(
		`{"url":%q,"watched":[{"type":"user","name":"ann"}],"domains":["repo","discussion"],"secret":"shh"}`, url), 200)
	return "/api/settings/webhooks/" + made.field("webhook", "id").(string)
}

// settle waits for all deliveries and returns what the receiver got, in the order of arrival.
func (l local) settle(r receiver) []received {
	l.t.Helper()
	if err := l.Idle(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	var all []received
	for {
		select {
		case one := <-r.got:
			all = append(all, one)
		default:
			return all
		}
	}
}

// event is "scope action" of a delivery.
func (r received) event() string {
	event, _ := r.body["event"].(map[string]any)
	return fmt.Sprint(event["scope"], " ", event["action"])
}

// find gives the model of that name.
func (l local) find(name string) *repo {
	l.t.Helper()
	r, _ := l.repos.find(hub.RepoRef{Type: hub.Model, Name: name})
	if r == nil {
		l.t.Fatalf("model %s is missing", name)
	}
	return r
}

// mustHead is what a ref points at.
func mustHead(t testing.TB, r *repo, ref string) plumbing.Hash {
	t.Helper()
	head, ok := r.head(ref)
	if !ok {
		t.Fatalf("%s is missing", ref)
	}
	return head
}
