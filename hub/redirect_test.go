package hub_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// otherHost is a server that is not the Hub; it fails the test when credentials come to it.
func otherHost(t *testing.T, then http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "Cookie", "Referer"} {
			if value := r.Header.Get(name); value != "" {
				t.Errorf("%s goes to another host: %s", name, value)
			}
		}
		then(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRedirectsWithinTheHub(t *testing.T) {
	t.Parallel()
	var auth []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth = append(auth, r.Header.Get("Authorization"))
		if strings.Contains(r.URL.Path, "/tiny") {
			w.Header().Set("Location", strings.Replace(r.URL.Path, "/tiny", "/small", 1))
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost && string(body) != `{"comment":"hi"}` {
			t.Errorf("redirected body %q", body)
		}
		io.WriteString(w, `{"newMessage":{"id":"c1"}}`)
	}))
	defer server.Close()
	client, err := hub.New(server.URL, testToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RepoInfo(t.Context(), model, ""); err != nil {
		t.Errorf("a read of a renamed repository: %v", err)
	}
	if event, err := client.Comment(t.Context(), model, 1, "hi"); err != nil || event.ID != "c1" {
		t.Errorf("a write to a renamed repository: %+v, %v", event, err)
	}
	for i, got := range auth {
		if got != "Bearer hf_sesame" {
			t.Errorf("call %d has the Authorization %q, want the token", i, got)
		}
	}
}

func TestRedirectsToOtherHostsLoseTheToken(t *testing.T) {
	t.Parallel()
	var hubURL string
	calls := 0
	cdn := otherHost(t, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			http.Redirect(w, r, "/again", http.StatusFound)
			return
		}
		http.Redirect(w, r, hubURL+"/back", http.StatusFound)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			if got := r.Header.Get("Authorization"); got != "" {
				t.Errorf("another host can send the token anywhere on the Hub: %s", got)
			}
			io.WriteString(w, "content")
			return
		}
		http.Redirect(w, r, cdn+"/blob?sig=1", http.StatusFound)
	}))
	defer server.Close()
	hubURL = server.URL
	client, err := hub.New(server.URL, testToken)
	if err != nil {
		t.Fatal(err)
	}
	body, err := client.Download(t.Context(), model, "", "w.bin", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != "content" || calls != 2 {
		t.Errorf("read %q, %v after %d calls", got, err, calls)
	}
}

func TestRefusedRedirects(t *testing.T) {
	t.Parallel()
	never := otherHost(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s went to another host", r.Method) })
	read := func(t *testing.T, c *hub.Client) error { _, err := c.Refs(t.Context(), model); return err }
	write := func(t *testing.T, c *hub.Client) error { _, err := c.Comment(t.Context(), model, 1, "x"); return err }
	tests := map[string]struct {
		call     func(*testing.T, *hub.Client) error
		status   int
		location string
		want     string
		calls    int32 // a refusal is not tried again
	}{
		"to a file":              {read, 302, "file:///etc/passwd", `scheme "file"`, 1},
		"in circles":             {read, 302, "/", "10 redirects", 10},
		"a write elsewhere":      {write, 307, never, "another host", 1},
		"a write becomes a read": {write, 302, "/", "POST into GET", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Location", test.location)
				w.WriteHeader(test.status)
			}))
			defer server.Close()
			client, err := hub.New(server.URL, testToken)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.call(t, client); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if got := calls.Load(); got != test.calls {
				t.Errorf("%d calls, want %d", got, test.calls)
			}
		})
	}
}

func TestRedirectFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	never := otherHost(t, func(http.ResponseWriter, *http.Request) { t.Error("the call went on over http") })
	server := httptest.NewTLSServer(http.RedirectHandler(never, http.StatusFound))
	defer server.Close()
	client, err := hub.New(server.URL, testToken, hub.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Download(t.Context(), model, "", "w.bin", 0, -1)
	if err == nil || !strings.Contains(err.Error(), "from https to http") {
		t.Errorf("Download = %v, want a refusal", err)
	}
}
