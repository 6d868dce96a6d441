package builtin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// echoServer answers what it was sent, by path.
func echoServer(t *testing.T) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, strings.Join([]string{
			r.Method, r.Header.Get("Content-Type"), r.Header.Get("X-Extra"), r.Header.Get("Authorization"), string(body),
		}, "|"))
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"n":[1,null]}`) })
	mux.HandleFunc("/key", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Idempotency-Key"))
	})
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/moved", http.RedirectHandler("/json", http.StatusFound))
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `"`+strings.Repeat("x", maxAnswer)+`"`)
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{'a', 0xff}) })
	mux.HandleFunc("/teapot", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	url, _ := echoServer(t)
	inJSON := map[string]any{"body": `{"n":[1,null]}`, "json": map[string]any{"n": []any{1.0, nil}}}
	tests := []struct {
		name string
		path string
		with map[string]any
		want map[string]any
	}{
		{"get", "/echo", nil, map[string]any{"body": "GET||||"}},
		{
			"json", "/echo",
			map[string]any{"json": map[string]any{"a": int64(1)}},
			map[string]any{"body": `POST|application/json|||{"a":1}`},
		},
		{"body", "/echo", map[string]any{"method": "PUT", "body": "x"}, map[string]any{"body": "PUT||||x"}},
		{
			"headers", "/echo",
			map[string]any{"headers": map[string]any{"x-extra": "e", "content-type": "text/plain"}, "body": "x"},
			map[string]any{"body": "POST|text/plain|e||x"},
		},
		{"answer in JSON", "/json", nil, inJSON},
		{"redirect", "/moved", nil, inJSON},
		{"not UTF-8", "/bytes", nil, map[string]any{"body": "a\uFFFD"}},
		{
			"expected status", "/teapot",
			map[string]any{"expect": []any{int64(418)}},
			map[string]any{"status": int64(418), "body": ""},
		},
		{"too long", "/long", nil, map[string]any{"body": `"` + strings.Repeat("x", maxAnswer-1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			with := map[string]any{"url": url + test.path}
			for name, value := range test.with {
				with[name] = value
			}
			got, err := entry(t, "http.request").Run(t.Context(), webRuntime(nil), with)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"status": int64(200), "json": nil}
			for name, value := range test.want {
				want[name] = value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHTTPRequestSecret(t *testing.T) {
	t.Parallel()
	url, _ := echoServer(t)
	rt := webRuntime(map[string]hub.Secret{"authorization": "Bearer abc"})
	out, err := entry(t, "http.request").Run(t.Context(), rt, map[string]any{"url": url + "/echo"})
	if err != nil || out["body"] != "GET|||Bearer abc|" {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestHTTPRequestKey(t *testing.T) {
	t.Parallel()
	url, _ := echoServer(t)
	keys := map[any]bool{}
	for _, key := range []string{"one", "one", "two"} {
		rt := webRuntime(nil)
		rt.Key = key
		out, err := entry(t, "http.request").Run(t.Context(), rt, map[string]any{"url": url + "/key", "body": "x"})
		if err != nil || out["body"] == "" {
			t.Fatalf("got %v, %v", out, err)
		}
		keys[out["body"]] = true
	}
	if len(keys) != 2 {
		t.Errorf("keys %v, want one for each key of the runtime", keys)
	}
}

func TestHTTPRequestFails(t *testing.T) {
	t.Parallel()
	url, _ := echoServer(t)
	tests := []struct {
		path      string
		permanent bool
		delay     time.Duration
		want      string
	}{
		{"/teapot", true, 0, "answered 418"},
		{"/broken", false, 0, "answered 502"},
		{"/busy", false, 9 * time.Second, "answered 503"},
		{"/loop", true, 0, "more than 5 redirects"},
		{"/nowhere", true, 0, `answered 404: "404 page not found\n"`},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			_, err := entry(t, "http.request").Run(t.Context(), webRuntime(nil), map[string]any{"url": url + test.path})
			if err == nil || actions.IsPermanent(err) != test.permanent || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want permanent %v and %q", err, test.permanent, test.want)
			}
			if delay, _ := actions.RetryDelay(err); delay != test.delay {
				t.Errorf("delay %v, want %v", delay, test.delay)
			}
		})
	}
}

func TestHTTPRequestDryRun(t *testing.T) {
	t.Parallel()
	url, calls := echoServer(t)
	rt := webRuntime(nil)
	rt.DryRun = true
	post := map[string]any{"url": url + "/echo", "body": "x"}
	if _, err := entry(t, "http.request").Run(t.Context(), rt, post); err != nil {
		t.Error(err)
	}
	if calls.Load() != 0 {
		t.Error("a dry run sent something")
	}
	out, err := entry(t, "http.request").Run(t.Context(), rt, map[string]any{"url": url + "/echo"})
	if err != nil || out["status"] != int64(200) {
		t.Errorf("reading in a dry run: %v, %v", out, err)
	}
}

func TestHTTPRequestChecksInputs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		with map[string]any
		want string
	}{
		{"no address", map[string]any{"url": "example.org"}, "must begin with https://"},
		{"bad address", map[string]any{"url": "http://[::1"}, "cannot be parsed"},
		{"credentials", map[string]any{"url": "https://me:pw@example.org"}, "holds a user name"},
		{"method", map[string]any{"url": "http://x", "method": "TRACE"}, "method must be one of"},
		{"both", map[string]any{"url": "http://x", "json": "a", "body": "b"}, "json or body, not both"},
		{"body on GET", map[string]any{"url": "http://x", "method": "GET", "body": "b"}, "GET sends no json or body"},
		{
			"authorization",
			map[string]any{"url": "http://x", "headers": map[string]any{"authorization": "x"}},
			"as the secret authorization",
		},
		{"line end", map[string]any{"url": "http://x", "headers": map[string]any{"X-A": "b\r\nCookie: c"}}, "such as a line end"},
		{"line end in a name", map[string]any{"url": "http://x", "headers": map[string]any{"X-A: b\nCookie": "c"}}, "such as a line end"},
		{"line end in the address", map[string]any{"url": "http://x/\r\nCookie: c"}, "cannot be parsed"},
		{"host", map[string]any{"url": "http://x", "headers": map[string]any{"Host": "y"}}, "cannot be set"},
		{"status", map[string]any{"url": "http://x", "expect": []any{int64(99)}}, "99 is no HTTP status"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := messages(entry(t, "http.request").Check(test.with)); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRetryAfterHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"", 0, false},
		{"5", 5 * time.Second, true},
		{"-5", 0, false},
		{"1e9", 0, false},
		{"99999999", time.Hour, true},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true},
		{"Fri, 02 Jan 2026 03:00:00 GMT", 0, true},
	}
	for _, test := range tests {
		got, ok := retryAfter(http.Header{"Retry-After": {test.text}}, now)
		if got != test.want || ok != test.ok {
			t.Errorf("Retry-After %q gives %v, %v, want %v, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}
