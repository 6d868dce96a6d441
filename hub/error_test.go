package hub_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestErrorFromAnswer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 3000)
	tests := map[string]struct {
		status int
		header map[string]string
		body   string
		want   hub.Error // URL and method are those of all
	}{
		"headers": {
			404,
			map[string]string{
				"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found", "X-Request-Id": "r-1",
			},
			`{"error":"ignored"}`,
			hub.Error{StatusCode: 404, Code: "RepoNotFound", Message: "Repository not found", RequestID: "r-1"},
		},
		"error text":       {400, nil, `{"error":"bad name"}`, hub.Error{StatusCode: 400, Message: "bad name"}},
		"list of errors":   {422, nil, `{"error":["one","two"]}`, hub.Error{StatusCode: 422, Message: "one; two"}},
		"OAuth error":      {403, nil, `{"error":"a","error_description":"b"}`, hub.Error{StatusCode: 403, Message: "a; b"}},
		"error objects":    {400, nil, `{"errors":[{"message":"a"},{}]}`, hub.Error{StatusCode: 400, Message: "a"}},
		"message":          {400, nil, `{"message":"m"}`, hub.Error{StatusCode: 400, Message: "m"}},
		"error as object":  {400, nil, `{"error":{"a":1},"message":"m"}`, hub.Error{StatusCode: 400, Message: "m"}},
		"plain text":       {400, nil, " no \n", hub.Error{StatusCode: 400, Message: "no"}},
		"a web page":       {400, map[string]string{"Content-Type": "text/html"}, "<html>", hub.Error{StatusCode: 400}},
		"bytes":            {400, nil, "\xff\xfe", hub.Error{StatusCode: 400}},
		"nothing":          {403, nil, "", hub.Error{StatusCode: 403}},
		"the token echoed": {403, nil, "bad hf_sesame", hub.Error{StatusCode: 403, Message: "bad [redacted]"}},
		"other request id": {
			400, map[string]string{"X-Amz-Cf-Id": "c", "X-Amzn-Trace-Id": "t"}, "", hub.Error{StatusCode: 400, RequestID: "t"},
		},
		"long text": {400, nil, long, hub.Error{StatusCode: 400, Message: long[:2000] + "…"}},
		"later": {
			400, map[string]string{"Retry-After": "30"}, "", hub.Error{StatusCode: 400, RetryAfter: 31 * time.Second},
		},
		"later by a date": {
			400, map[string]string{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", hub.Error{StatusCode: 400},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Content-Type": {"text/plain"}}
			for key, value := range test.header {
				header.Set(key, value)
			}
			client := serve(t, exchange{
				call: "GET /api/models/acme/tiny/refs?include_prs=1", status: test.status, header: header, answer: test.body,
			})
			_, err := client.Refs(t.Context(), model)
			var got *hub.Error
			if !errors.As(err, &got) {
				t.Fatalf("Refs = %v, want a *hub.Error", err)
			}
			test.want.Method, test.want.URL = "GET", client.Endpoint()+"/api/models/acme/tiny/refs"
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &hub.Error{
		Method: "GET", URL: "https://hub.example/api/models/a/b", StatusCode: 404, Code: "RepoNotFound",
		Message: "Repository not found", RequestID: "r-1",
	}
	const want = "hub: GET https://hub.example/api/models/a/b: 404 Not Found (RepoNotFound): Repository not found " +
		"[request r-1]"
	if got := err.Error(); got != want {
		t.Errorf("Error() = %s\nwant %s", got, want)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	type kinds struct{ NotFound, Conflict, Outdated, Forbidden, Gated, Temporary bool }
	tests := map[string]struct {
		err  hub.Error
		want kinds
	}{
		"404":               {hub.Error{StatusCode: 404}, kinds{NotFound: true}},
		"401 hides a repo":  {hub.Error{StatusCode: 401, Code: "RepoNotFound"}, kinds{NotFound: true}},
		"revision":          {hub.Error{StatusCode: 404, Code: "RevisionNotFound"}, kinds{NotFound: true}},
		"entry":             {hub.Error{StatusCode: 404, Code: "EntryNotFound"}, kinds{NotFound: true}},
		"bad token":         {hub.Error{StatusCode: 401}, kinds{Forbidden: true}},
		"no right":          {hub.Error{StatusCode: 403}, kinds{Forbidden: true}},
		"gated":             {hub.Error{StatusCode: 403, Code: "GatedRepo"}, kinds{Forbidden: true, Gated: true}},
		"exists":            {hub.Error{StatusCode: 409}, kinds{Conflict: true}},
		"branch moved":      {hub.Error{StatusCode: 412}, kinds{Outdated: true}},
		"too many requests": {hub.Error{StatusCode: 429}, kinds{Temporary: true}},
		"broken":            {hub.Error{StatusCode: 500}, kinds{Temporary: true}},
		"down":              {hub.Error{StatusCode: 503}, kinds{Temporary: true}},
		"not implemented":   {hub.Error{StatusCode: 501}, kinds{}},
	}
	for name, test := range tests {
		wrapped := fmt.Errorf("while testing: %w", &test.err)
		got := kinds{
			hub.IsNotFound(wrapped), hub.IsConflict(wrapped), hub.IsOutdated(wrapped), hub.IsForbidden(wrapped),
			hub.IsGated(wrapped), test.err.Temporary(),
		}
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	other := errors.New("other")
	if hub.IsNotFound(other) || hub.IsConflict(other) || hub.IsForbidden(nil) || hub.IsGated(other) {
		t.Error("an error of another kind is taken for the Hub's")
	}
}

func TestErrorsHideSignedAddresses(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	store := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "X-Signature=abc123" {
			asked.Add(1)
		}
		cancel()                    // no second try
		panic(http.ErrAbortHandler) // cuts the connection, of which net/http tells the whole address
	}))
	t.Cleanup(store.Close)
	client := serve(t, exchange{
		call: "GET /acme/tiny/resolve/main/w.bin", status: 302,
		header: http.Header{"Location": {store.URL + "/blob?X-Signature=abc123"}},
	})
	_, err := client.Download(ctx, model, "main", "w.bin", 0, -1)
	if err == nil || strings.Contains(err.Error(), "abc123") {
		t.Errorf("Download = %v, want an error without the signature", err)
	}
	if asked.Load() == 0 {
		t.Error("the redirect was not followed, so this proves nothing")
	}
}

func TestErrorsWithoutACode(t *testing.T) {
	t.Parallel()
	const bad = "Invalid credentials in Authorization header"
	tests := map[string]struct {
		err                             *hub.Error
		notFound, forbidden, isDisabled bool
	}{
		"a hidden repository":       {&hub.Error{StatusCode: 401, URL: "https://h/api/models/a/b"}, true, false, false},
		"a file of a hidden one":    {&hub.Error{StatusCode: 401, URL: "https://h/a/b/resolve/main/c"}, true, false, false},
		"a bad token":               {&hub.Error{StatusCode: 401, URL: "https://h/api/models/a/b", Message: bad}, false, true, false},
		"something else":            {&hub.Error{StatusCode: 401, URL: "https://h/api/whoami-v2"}, false, true, false},
		"switched off by the staff": {&hub.Error{StatusCode: 403, Message: "Access to this resource is disabled."}, false, true, true},
	}
	for name, test := range tests {
		if hub.IsNotFound(test.err) != test.notFound || hub.IsForbidden(test.err) != test.forbidden ||
			hub.IsDisabled(test.err) != test.isDisabled {
			t.Errorf("%s: not found %v, forbidden %v, disabled %v", name, hub.IsNotFound(test.err), hub.IsForbidden(test.err),
				hub.IsDisabled(test.err))
		}
	}
}
