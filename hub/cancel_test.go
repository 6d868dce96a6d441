package hub_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// silent is a Hub that answers nothing, or nothing more after some answers.
func silent(answers ...*http.Response) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			defer r.Body.Close()
		}
		if len(answers) == 0 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		answer := *answers[0]
		answers = answers[1:]
		answer.Request = r
		if answer.Header == nil {
			answer.Header = http.Header{}
		}
		if answer.Body == nil {
			answer.Body = drip{ctx: r.Context()}
		}
		return &answer, nil
	}
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
}

// Whatever a call waits for, it ends with its context, and nothing of it goes on: synctest waits for all goroutines.
func TestCallsEndWithTheContext(t *testing.T) {
	t.Parallel()
	begun := &http.Response{StatusCode: http.StatusOK} // a body that never goes on
	tests := map[string]struct {
		hub  func(*http.Request) (*http.Response, error)
		call func(context.Context, *hub.Client) error
	}{
		"no answer": {silent(), func(ctx context.Context, c *hub.Client) error { _, err := c.Refs(ctx, model); return err }},
		"half an answer": {silent(begun), func(ctx context.Context, c *hub.Client) error {
			_, err := c.Refs(ctx, model)
			return err
		}},
		"the second page": {
			silent(&http.Response{
				StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`[{"path":"a"}]`)),
				Header: http.Header{"Link": {`<https://hub.example/next>; rel="next"`}},
			}),
			func(ctx context.Context, c *hub.Client) error {
				for _, err := range c.Tree(ctx, model, "") {
					if err != nil {
						return err
					}
				}
				return nil
			},
		},
		"a download": {silent(begun), func(ctx context.Context, c *hub.Client) error {
			body, err := c.Download(ctx, model, "", "w.bin", 0, -1)
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.ReadAll(body)
			return err
		}},
		"a log": {silent(begun), func(ctx context.Context, c *hub.Client) error {
			for _, err := range c.JobLogs(ctx, "ada", "j1", hub.LogOptions{}) {
				return err
			}
			return nil
		}},
		"a pause between tries": {
			silent(&http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Header: http.Header{"Retry-After": {"60"}}}),
			func(ctx context.Context, c *hub.Client) error { _, err := c.Refs(ctx, model); return err },
		},
		"the next window": {
			silent(&http.Response{
				StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{}`)),
				Header: http.Header{"Ratelimit": {`"api";r=0;t=60`}},
			}),
			func(ctx context.Context, c *hub.Client) error {
				if _, err := c.Refs(ctx, model); err != nil {
					return err
				}
				_, err := c.Refs(ctx, model)
				return err
			},
		},
		"a Job": {
			silent(answer(200, `{"status":{"stage":"RUNNING"}}`), answer(200, `{"status":{"stage":"RUNNING"}}`)),
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.WaitForJob(ctx, "ada", "j1", nil)
				return err
			},
		},
		"a Space": {
			silent(answer(200, `{"stage":"BUILDING"}`), answer(200, `{"stage":"BUILDING"}`)),
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.WaitForSpace(ctx, model, nil, hub.StageRunning)
				return err
			},
		},
		"a commit": {
			silent(answer(200, `{"files":[{"path":"w.bin","uploadMode":"regular","shouldIgnore":false}]}`)),
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.Commit(ctx, model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte("w"))}})
				return err
			},
		},
		"an upload": {
			silent(
				answer(200, `{"files":[{"path":"w.bin","uploadMode":"lfs","shouldIgnore":false}]}`),
				answer(200, `{"objects":[{"oid":"`+sumOf("w")+`","size":1,"actions":{"upload":{"href":"https://store.example/w"}}}]}`),
			),
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.Commit(ctx, model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{hub.BytesFile("w.bin", []byte("w"))}})
				return err
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, err := hub.New("https://hub.example", testToken, hub.WithHTTPClient(&http.Client{Transport: transport(test.hub)}))
				if err != nil {
					t.Fatal(err)
				}
				const after = 7 * time.Second
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(after, cancel)
				start := time.Now()
				if err := test.call(ctx, client); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want context.Canceled", err)
				}
				if took := time.Since(start); took != after {
					t.Errorf("it ended after %s, want %s", took, after)
				}
			})
		})
	}
}

// closing notes whether a body is closed.
type closing struct {
	io.Reader
	closed *atomic.Bool
}

func (c closing) Close() error { c.closed.Store(true); return nil }

// Whoever stops reading early keeps no connection.
func TestReadingMayStopEarly(t *testing.T) {
	t.Parallel()
	const log = "data: {\"data\":\"one\"}\n\ndata: {\"data\":\"two\"}\n\n"
	reads := map[string]func(context.Context, *hub.Client){
		"a log": func(ctx context.Context, c *hub.Client) {
			for range c.JobLogs(ctx, "ada", "j1", hub.LogOptions{}) {
				break
			}
		},
		"a list": func(ctx context.Context, c *hub.Client) {
			for range c.Tree(ctx, model, "") {
				break
			}
		},
		"a download": func(ctx context.Context, c *hub.Client) {
			if body, err := c.Download(ctx, model, "", "w.bin", 0, -1); err == nil {
				body.Close()
			}
		},
	}
	bodies := map[string]string{"a log": log, "a list": `[{"path":"a"},{"path":"b"}]`, "a download": "content"}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var closed atomic.Bool
			client, calls := hostileClient(t, func(*http.Request) *http.Response {
				return &http.Response{StatusCode: http.StatusOK, Body: closing{strings.NewReader(bodies[name]), &closed}}
			})
			if read(t.Context(), client); !closed.Load() || calls.Load() != 1 {
				t.Errorf("closed: %t after %d calls", closed.Load(), calls.Load())
			}
		})
	}
}
