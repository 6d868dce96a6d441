package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/webhook"
	"github.com/hfbot/hfbot/hub"
)

const push = `{"event":{"action":"update","scope":"repo.content"},"repo":{"type":"model","name":"acme/tiny","id":"66079b8b2e56b3db420f616b"}}`

// fixed is when the test's deliveries come in.
var fixed = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// post sends a body to a receiver whose deliveries go to keep.
func post(t *testing.T, secrets []hub.Secret, keep webhook.Keep, target, body string, header map[string]string) *http.Response {
	t.Helper()
	e := echo.New()
	e.POST("/webhook", webhook.New(secrets, keep, zap.NewNop()).Handle)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	for name, value := range header {
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	return rec.Result()
}

func TestHandleStatus(t *testing.T) {
	t.Parallel()
	two := []hub.Secret{"old", "new"}
	for name, tc := range map[string]struct {
		secrets []hub.Secret
		target  string
		body    string
		secret  string
		want    int
		kept    bool
	}{
		"secret in the header":            {two, "/webhook", push, "new", 202, true},
		"the one being rotated out":       {two, "/webhook", push, "old", 202, true},
		"secret in the query":             {two, "/webhook?secret=new", push, "", 202, true},
		"no secret":                       {two, "/webhook", push, "", 401, false},
		"wrong secret":                    {two, "/webhook", push, "newer", 401, false},
		"a prefix of the secret":          {two, "/webhook", push, "ne", 401, false},
		"both secrets joined":             {two, "/webhook", push, "old,new", 401, false},
		"wrong secret and no JSON":        {two, "/webhook", "{", "wrong", 401, false},
		"none needed":                     {nil, "/webhook", push, "", 202, true},
		"an empty secret is no secret":    {two, "/webhook?secret=", push, "", 401, false},
		"no JSON":                         {two, "/webhook", "hello", "new", 400, false},
		"empty":                           {two, "/webhook", "", "new", 400, false},
		"two documents":                   {two, "/webhook", push + push, "new", 400, false},
		"open brackets":                   {two, "/webhook", strings.Repeat("[", 20_000), "new", 400, false},
		"nested beyond reason":            {two, "/webhook", strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19), "new", 202, true},
		"JSON of unknown shape":           {two, "/webhook", `[1,"two",null]`, "new", 202, true},
		"unknown scope and type":          {two, "/webhook", `{"event":{"scope":"a.b","action":"c"},"repo":{"type":"d"}}`, "new", 202, true},
		"as large as allowed":             {two, "/webhook", `"` + strings.Repeat("x", webhook.BodyLimit-2) + `"`, "new", 202, true},
		"one byte more":                   {two, "/webhook", `"` + strings.Repeat("x", webhook.BodyLimit-1) + `"`, "new", 413, false},
		"large and wrong secret":          {two, "/webhook", strings.Repeat("x", webhook.BodyLimit*2), "wrong", 401, false},
		"secret in the query, other case": {two, "/webhook?Secret=new", push, "", 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept := false
			keep := func(_ context.Context, d store.Delivery) (string, bool, error) {
				kept = string(d.Body) == tc.body
				return "d1", false, nil
			}
			header := map[string]string{}
			if tc.secret != "" {
				header["X-Webhook-Secret"] = tc.secret
			}
			res := post(t, tc.secrets, keep, tc.target, tc.body, header)
			if res.StatusCode != tc.want || kept != tc.kept {
				t.Errorf("status %d, kept byte-exact %v; want %d, %v", res.StatusCode, kept, tc.want, tc.kept)
			}
		})
	}
}

func TestHandleAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keep   webhook.Keep
		status int
		body   map[string]any
		retry  string
	}{
		"new": {
			func(context.Context, store.Delivery) (string, bool, error) { return "d1", false, nil },
			202,
			map[string]any{"delivery": "d1", "duplicate": false},
			"",
		},
		"seen before": {
			func(context.Context, store.Delivery) (string, bool, error) { return "d0", true, nil },
			202,
			map[string]any{"delivery": "d0", "duplicate": true},
			"",
		},
		"the disk is full": {
			func(context.Context, store.Delivery) (string, bool, error) {
				return "", false, errors.New("disk full at /secret/path")
			},
			503,
			map[string]any{"error": "the delivery could not be stored; send it again"},
			"5",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := post(t, nil, tc.keep, "/webhook", push, nil)
			var body map[string]any
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tc.status || res.Header.Get("Retry-After") != tc.retry {
				t.Errorf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
			}
			if diff := cmp.Diff(tc.body, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestHandleReadsNothingUnasked proves that a caller without the secret cannot make the bot read its body.
func TestHandleReadsNothingUnasked(t *testing.T) {
	t.Parallel()
	e := echo.New()
	core, logs := observer.New(zap.DebugLevel)
	e.POST("/webhook", webhook.New([]hub.Secret{"right"}, nil, zap.New(core)).Handle)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook?secret=wr0ng", failingReader{t})
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", rec.Code)
	}
	for _, entry := range logs.All() {
		text, err := json.Marshal(entry.ContextMap())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(entry.Message+string(text), "right") || strings.Contains(entry.Message+string(text), "wr0ng") {
			t.Errorf("the log shows a secret: %s %s", entry.Message, text)
		}
	}
	if logs.Len() == 0 {
		t.Error("a refused delivery leaves no line in the log")
	}
}

// A body that ends before the length which its sender told is not kept.
func TestHandleBodyCutShort(t *testing.T) {
	t.Parallel()
	e := echo.New()
	keep := func(context.Context, store.Delivery) (string, bool, error) {
		t.Error("it was kept")
		return "d1", false, nil
	}
	e.POST("/webhook", webhook.New(nil, keep, zap.NewNop()).Handle)
	for _, missing := range []int64{1, webhook.BodyLimit} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook",
			io.MultiReader(strings.NewReader(push), iotest.ErrReader(io.ErrUnexpectedEOF)))
		req.ContentLength = int64(len(push)) + missing
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "could not be read") {
			t.Errorf("%d bytes missing: status %d, %s; want 400 for a body that could not be read", missing, rec.Code, rec.Body)
		}
	}
}

// failingReader fails the test when it is read.
type failingReader struct{ t *testing.T }

func (r failingReader) Read([]byte) (int, error) {
	r.t.Error("the body was read before the secret was checked")
	return 0, io.EOF
}

func TestNewDelivery(t *testing.T) {
	t.Parallel()
	with := webhook.NewDelivery([]byte(push), "wh-1", fixed)
	if with.Key == "" || with.WebhookID != "wh-1" || with.State != store.Received || !with.ReceivedAt.Equal(fixed) {
		t.Errorf("got %+v", with)
	}
	got := []string{with.Scope, with.Action, with.Repo, with.RepoType}
	if diff := cmp.Diff([]string{"repo.content", "update", "acme/tiny", "model"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewDeliveryKey(t *testing.T) {
	t.Parallel()
	key := func(body, id string) string { return webhook.NewDelivery([]byte(body), id, fixed).Key }
	for name, tc := range map[string]struct {
		a, b string
		same bool
	}{
		"same id, other body":        {key(push, "wh-1"), key("{}", "wh-1"), true},
		"other id, same body":        {key(push, "wh-1"), key(push, "wh-2"), false},
		"no id, same body":           {key(push, ""), key(push, ""), true},
		"no id, other body":          {key(push, ""), key(push+" ", ""), false},
		"an id is never a body hash": {key(push, ""), key("{}", strings.TrimPrefix(key(push, ""), "body:")), false},
		"ids too long to store":      {key(push, strings.Repeat("x", 4000)), key(push, strings.Repeat("x", 4001)), false},
	} {
		if (tc.a == tc.b) != tc.same {
			t.Errorf("%s: keys %q and %q", name, tc.a, tc.b)
		}
	}
	if long := key(push, strings.Repeat("x", 50_000)); len(long) > 300 {
		t.Errorf("a key of %d bytes", len(long))
	}
}

func FuzzNewDelivery(f *testing.F) {
	f.Add([]byte(push), "wh-1")
	f.Add([]byte(`{"event":[],"repo":7}`), "")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		d := webhook.NewDelivery(body, id, fixed)
		if !bytes.Equal(d.Body, body) || d.Key == "" {
			t.Errorf("lost bytes or key: %+v", d)
		}
	})
}

func TestNewDeliveryTellsWhoMaySee(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"repo":{"name":"a/b","private":false},"webhook":{"id":"w1"}}`:  true,
		`{"repo":{"name":"a/b","private":true},"webhook":{"id":"w1"}}`:   false,
		`{"repo":{"name":"a/b"},"webhook":{"id":"w1"}}`:                  false,
		`{"repo":{"name":"a/b","private":"no"},"webhook":{"id":"w1"}}`:   false,
		`{"repo":{"name":"a/b","private":null},"webhook":{"id":"w1"}}`:   false,
		`{"repo":[],"webhook":{"id":"w1"}}`:                              false,
		`{"webhook":{"id":"w1"},"repo":{"name":"a/b","private":false}} `: true,
	} {
		d := webhook.NewDelivery([]byte(body), "", time.Now())
		if d.Public != want || d.Hook != "w1" {
			t.Errorf("%s: public %t, webhook %q", body, d.Public, d.Hook)
		}
	}
}
