package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

const testToken = hub.Secret("hf_sesame")

var model = hub.RepoRef{Type: hub.Model, Name: "acme/tiny"}

// exchange is one call that a test expects, and its answer. The status is 200 unless it is set.
type exchange struct {
	call   string // method and request URI below the endpoint
	body   string // what is sent; "*" for anything
	status int
	header http.Header
	answer string
}

// serve returns a client of a Hub that expects exactly these calls in this order. The Hub lies below a base path, so
// that addresses that leave it out fail. BASE in answers and headers is its address.
func serve(t *testing.T, exchanges ...exchange) *hub.Client {
	t.Helper()
	client, _ := serveWrites(t, exchanges...)
	return client
}

// serveWrites is serve with the writes that the client's observer is told.
func serveWrites(t *testing.T, exchanges ...exchange) (*hub.Client, *[]hub.Write) {
	t.Helper()
	writes := &[]hub.Write{}
	observe := hub.WithWriteObserver(func(_ context.Context, w hub.Write) { *writes = append(*writes, w) })
	return serveWith(t, []hub.Option{observe}, exchanges...), writes
}

// serveWith is serve with options for the client.
func serveWith(t *testing.T, options []hub.Option, exchanges ...exchange) *hub.Client {
	t.Helper()
	var mu sync.Mutex
	next := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got := r.Method + " " + strings.TrimPrefix(r.RequestURI, "/base")
		if next == len(exchanges) {
			t.Errorf("unexpected call %s", got)
			http.Error(w, "unexpected", http.StatusTeapot)
			return
		}
		expected := exchanges[next]
		next++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s: %v", got, err)
		}
		if got != expected.call || !strings.HasPrefix(r.RequestURI, "/base/") {
			t.Errorf("call %d is %s at %s, want %s", next, got, r.RequestURI, expected.call)
		}
		if expected.body != "*" && string(body) != expected.body {
			t.Errorf("%s sends %s\nwant %s", got, body, expected.body)
		}
		expected.reply(w, "http://"+r.Host+"/base")
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if next < len(exchanges) {
			t.Errorf("call %s was not made", exchanges[next].call)
		}
	})
	client, err := hub.New(server.URL+"/base/", testToken, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (e exchange) reply(w http.ResponseWriter, base string) {
	for name, values := range e.header {
		for _, value := range values {
			w.Header().Add(name, strings.ReplaceAll(value, "BASE", base))
		}
	}
	if e.status != 0 {
		w.WriteHeader(e.status)
	}
	io.WriteString(w, strings.ReplaceAll(e.answer, "BASE", base))
}

func TestNewChecksTheEndpoint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ want, err string }{
		"":                                 {want: "https://huggingface.co"},
		"https://hub.example.com/":         {want: "https://hub.example.com"},
		"http://127.0.0.1:8080/base//":     {want: "http://127.0.0.1:8080/base"},
		"hub.example.com":                  {err: "not an http or https URL"},
		"file:///etc/passwd":               {err: "not an http or https URL"},
		"ssh://git@hf.co":                  {err: "not an http or https URL"},
		"https://user:hf_x@hub.example":    {err: "credentials"},
		"https://hub.example?token=hf_x":   {err: "query or fragment"},
		"https://hub.example/#":            {want: "https://hub.example"},
		"https://hub.example:bad\x00port/": {err: "not a URL"},
	}
	for endpoint, test := range tests {
		client, err := hub.New(endpoint, testToken)
		switch {
		case test.err == "" && (err != nil || client.Endpoint() != test.want):
			t.Errorf("New(%q) = %v, %v; want %s", endpoint, client, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("New(%q) = %v, want an error with %q", endpoint, err, test.err)
		case err != nil && strings.Contains(err.Error(), "hf_x"):
			t.Errorf("New(%q) shows a credential: %v", endpoint, err)
		}
	}
}

func TestClientPrintsWithoutToken(t *testing.T) {
	t.Parallel()
	client, err := hub.New("https://hub.example", testToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		for _, value := range []any{client, *client} {
			if text := fmt.Sprintf(verb, value); text != "hub client of https://hub.example" {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
		if text := fmt.Sprintf(verb, struct{ C hub.Client }{*client}); strings.Contains(text, "sesame") {
			t.Errorf("%s of what holds a client shows %s", verb, text)
		}
	}
	if client.Token() != testToken {
		t.Error("Token() is not the token")
	}
}

func TestCallsSayWhoCalls(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		token   hub.Secret
		options []hub.Option
		auth    string
		agent   string
	}{
		"with a token": {token: testToken, auth: "Bearer hf_sesame", agent: "hfbot-hub-client"},
		"anonymous":    {options: []hub.Option{hub.WithUserAgent("bot/1")}, agent: "bot/1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Authorization"); got != test.auth {
					t.Errorf("Authorization: %q, want %q", got, test.auth)
				}
				if got := r.Header.Get("User-Agent"); got != test.agent {
					t.Errorf("User-Agent: %q, want %q", got, test.agent)
				}
				io.WriteString(w, `{}`)
			}))
			defer server.Close()
			client, err := hub.New(server.URL, test.token, test.options...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.RepoInfo(t.Context(), model, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadOnlyRefusesWrites(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "POST /api/models/acme/tiny/paths-info/main", body: `{"paths":["a"],"expand":false}`, answer: `[]`,
	}).ReadOnly()
	ctx := t.Context()
	writes := map[string]func() error{
		"CreateRepo": func() error { return client.CreateRepo(ctx, model, hub.CreateRepoOptions{}) },
		"Commit": func() error {
			_, err := client.Commit(ctx, model, hub.CommitInput{Files: []hub.CommitFile{hub.BytesFile("a", nil)}})
			return err
		},
		"CreateDiscussion": func() error {
			_, err := client.CreateDiscussion(ctx, model, hub.CreateDiscussionInput{})
			return err
		},
		"Comment":             func() error { _, err := client.Comment(ctx, model, 1, "x"); return err },
		"EditComment":         func() error { _, err := client.EditComment(ctx, model, 1, "a", "x"); return err },
		"SetDiscussionStatus": func() error { return client.SetDiscussionStatus(ctx, model, 1, "closed", "") },
		"MergePullRequest":    func() error { return client.MergePullRequest(ctx, model, 1, "") },
		"CreateWebhook":       func() error { _, err := client.CreateWebhook(ctx, hub.WebhookInput{}); return err },
		"UpdateWebhook":       func() error { _, err := client.UpdateWebhook(ctx, "a", hub.WebhookInput{}); return err },
		"EnableWebhook":       func() error { _, err := client.EnableWebhook(ctx, "a"); return err },
		"DeleteWebhook":       func() error { return client.DeleteWebhook(ctx, "a") },
	}
	for name, write := range writes {
		if err := write(); !errors.Is(err, hub.ErrReadOnly) {
			t.Errorf("%s = %v, want ErrReadOnly", name, err)
		}
	}
	if _, err := client.PathsInfo(ctx, model, "", []string{"a"}); err != nil {
		t.Errorf("PathsInfo only reads, but: %v", err)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	client, err := hub.New("https://hub.example/base", "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		repo     hub.RepoRef
		web, api string
	}{
		{model, "/acme/tiny", "/api/models/acme/tiny"},
		{hub.RepoRef{Type: hub.Dataset, Name: "acme/rev"}, "/datasets/acme/rev", "/api/datasets/acme/rev"},
		{hub.RepoRef{Type: hub.Space, Name: "acme/app"}, "/spaces/acme/app", "/api/spaces/acme/app"},
		{hub.RepoRef{Type: "bucket", Name: "acme/b"}, "/buckets/acme/b", "/api/buckets/acme/b"},
		{hub.RepoRef{Type: hub.Model, Name: "gpt2"}, "/gpt2", "/api/models/gpt2"},
		{hub.RepoRef{Type: hub.Model, Name: "a/../b?c#d"}, "/a/%2E%2E/b%3Fc%23d", "/api/models/a/%2E%2E/b%3Fc%23d"},
	}
	for _, test := range tests {
		if got := client.RepoURL(test.repo); got != "https://hub.example/base"+test.web {
			t.Errorf("RepoURL(%s) = %s, want %s", test.repo, got, test.web)
		}
		if got := test.repo.APIPath(); got != test.api {
			t.Errorf("APIPath of %s = %s, want %s", test.repo, got, test.api)
		}
	}
}
