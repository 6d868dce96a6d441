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
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// transport is a Hub without a network, so that time can be a test's own.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// scripted answers one call after the other and notes when they came, counted from the first. An answer is a status,
// and after blanks headers as name=value; "cut" breaks the connection, "garbled" is an answer that cannot be read.
type scripted struct {
	t       *testing.T
	mu      sync.Mutex
	answers []string
	start   time.Time
	calls   []time.Duration
}

func (s *scripted) client() *hub.Client {
	s.t.Helper()
	carrier := &http.Client{Transport: transport(s.answer)}
	client, err := hub.New("https://hub.example", testToken, hub.WithHTTPClient(carrier))
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

func (s *scripted) answer(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.start.IsZero() {
		s.start = time.Now()
	}
	s.calls = append(s.calls, time.Since(s.start))
	if len(s.answers) == 0 {
		s.t.Errorf("unexpected call %s %s", r.Method, r.URL)
		return nil, errors.New("unexpected call")
	}
	status, rest, _ := strings.Cut(s.answers[0], " ")
	s.answers = s.answers[1:]
	if status == "cut" {
		return nil, io.ErrUnexpectedEOF
	}
	recorder := httptest.NewRecorder()
	for field := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(field, "=")
		recorder.Header().Set(name, strings.NewReplacer(":", "=", "_", " ").Replace(value))
	}
	code := map[string]int{"200": 200, "404": 404, "409": 409, "408": 408, "412": 412, "429": 429, "500": 500, "503": 503}[status]
	if status == "garbled" {
		code = http.StatusOK
	}
	recorder.WriteHeader(code)
	if status == "garbled" {
		io.WriteString(recorder, `{"newMess`)
	}
	io.WriteString(recorder, `{}`)
	resp := recorder.Result()
	resp.Request = r
	return resp, nil
}

// TestRetriesAreTold: who waits learns what failed, and when it is tried again.
func TestRetriesAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{"503", "cut", "200"}}
		carrier := &http.Client{Transport: transport(script.answer)}
		var told []string
		client, err := hub.New("https://hub.example", testToken, hub.WithHTTPClient(carrier), hub.WithRetries(func(r hub.Retry) {
			told = append(told, fmt.Sprintf("%d of %d in %s: %v", r.Try, r.Tries, r.Wait, r.Err))
		}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Refs(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		if len(told) != 2 || !strings.HasPrefix(told[0], "2 of 6 in 1s: ") || !strings.HasPrefix(told[1], "3 of 6 in 2s: ") ||
			!strings.Contains(told[0], "GET https://hub.example/api/models/") {
			t.Errorf("%q", told)
		}
	})
}

func TestRetries(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *hub.Client) error { _, err := c.Refs(ctx, model); return err }
	write := func(ctx context.Context, c *hub.Client) error { _, err := c.Comment(ctx, model, 1, "hi"); return err }
	const s = time.Second
	tests := map[string]struct {
		call    func(context.Context, *hub.Client) error
		answers []string
		calls   []time.Duration
		status  int // of the error; 0 for success, -1 for another error
	}{
		"success":       {read, []string{"200"}, []time.Duration{0}, 0},
		"not found":     {read, []string{"404"}, []time.Duration{0}, 404},
		"a broken read": {read, []string{"503", "cut", "408", "200"}, []time.Duration{0, 1 * s, 3 * s, 7 * s}, 0},
		"a read that stays broken": {
			read,
			[]string{"500", "500", "500", "500", "500", "500"},
			[]time.Duration{0, 1 * s, 3 * s, 7 * s, 15 * s, 23 * s},
			500,
		},
		"the window used up": {
			read, []string{`429 RateLimit="api";r:0;t:120`, "200"}, []time.Duration{0, 121 * s}, 0,
		},
		"another limiter": {
			read, []string{`429 RateLimit="api";r:7;t:120 Retry-After=5`, "200"}, []time.Duration{0, 6 * s}, 0,
		},
		"no time given":    {read, []string{"429", "200"}, []time.Duration{0, 1 * s}, 0},
		"a refused write":  {write, []string{`429 Retry-After=2`, "200"}, []time.Duration{0, 3 * s}, 0},
		"a broken write":   {write, []string{"503"}, []time.Duration{0}, 503},
		"a write cut off":  {write, []string{"cut"}, []time.Duration{0}, -1},
		"a stale write":    {write, []string{"412"}, []time.Duration{0}, 412},
		"asked for a year": {read, []string{"503 Retry-After=31536000", "200"}, []time.Duration{0, time.Hour + s}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				script := &scripted{t: t, answers: test.answers}
				err := test.call(t.Context(), script.client())
				var answer *hub.Error
				switch {
				case test.status == 0 && err != nil, test.status == -1 && err == nil,
					test.status > 0 && (!errors.As(err, &answer) || answer.StatusCode != test.status):
					t.Errorf("error %v, want status %d", err, test.status)
				}
				if diff := cmp.Diff(test.calls, script.calls); diff != "" {
					t.Errorf("calls differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{"503"}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		if _, err := script.client().Refs(ctx, model); !errors.Is(err, context.Canceled) {
			t.Errorf("Refs = %v, want context.Canceled", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{"503 Retry-After=60"}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := script.client().Refs(ctx, model)
		var answer *hub.Error
		if !errors.As(err, &answer) || answer.RetryAfter != 61*time.Second {
			t.Errorf("Refs = %v, want the answer with the time to wait", err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %s for nothing", waited)
		}
	})
}

func TestABusyHubIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{
			"409 X-Error-Message=Cannot_create_repo:_another_conflicting_operation_is_in_progress",
			"409 X-Error-Message=exists",
		}}
		err := script.client().CreateRepo(t.Context(), model, hub.CreateRepoOptions{})
		if !hub.IsConflict(err) || hub.IsAmbiguous(err) || len(script.calls) != 2 {
			t.Errorf("CreateRepo = %v after %d calls, want a conflict after two", err, len(script.calls))
		}
		var answer *hub.Error
		if !errors.As(err, &answer) || answer.Message != "exists" {
			t.Errorf("the error is %v", err)
		}
	})
}
