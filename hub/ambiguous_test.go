package hub_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hfbot/hfbot/hub"
)

// TestWhichWritesAreAmbiguous is the table of who may be called twice.
func TestWhichWritesAreAmbiguous(t *testing.T) {
	t.Parallel()
	comment := func(ctx context.Context, c *hub.Client) error { _, err := c.Comment(ctx, model, 1, "hi"); return err }
	commit := func(ctx context.Context, c *hub.Client) error {
		_, err := c.Commit(ctx, model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{{Path: "a", Delete: true}}})
		return err
	}
	runJob := func(ctx context.Context, c *hub.Client) error {
		_, err := c.RunJob(ctx, "ada", hub.JobSpec{})
		return err
	}
	setVariable := func(ctx context.Context, c *hub.Client) error { return c.SetSpaceVariable(ctx, space, "A", "b") }
	deleteRepo := func(ctx context.Context, c *hub.Client) error { return c.DeleteRepo(ctx, model) }
	tests := map[string]struct {
		write     func(context.Context, *hub.Client) error
		answers   []string
		ok        bool
		ambiguous bool
	}{
		"a comment, cut":                {write: comment, answers: []string{"cut"}, ambiguous: true},
		"a comment, 500":                {write: comment, answers: []string{"500"}, ambiguous: true},
		"a comment, 408":                {write: comment, answers: []string{"408"}, ambiguous: true},
		"a comment, unreadable":         {write: comment, answers: []string{"garbled"}, ambiguous: true},
		"a comment, refused":            {write: comment, answers: []string{"412"}},
		"a comment, too many":           {write: comment, answers: []string{"429", "429", "200"}, ok: true},
		"a comment, too many, then cut": {write: comment, answers: []string{"429", "cut"}, ambiguous: true},
		"a commit, cut":                 {write: commit, answers: []string{"cut"}, ambiguous: true},
		"a commit, outdated":            {write: commit, answers: []string{"412"}},
		"a job, 503":                    {write: runJob, answers: []string{"503"}, ambiguous: true},
		"a variable, broken":            {write: setVariable, answers: []string{"cut", "503", "200"}, ok: true},
		"a deletion whose answer is lost": {
			write: deleteRepo, answers: []string{"cut", "404"}, ok: true,
		},
		"a deletion of nothing": {write: deleteRepo, answers: []string{"404"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				script := &scripted{t: t, answers: test.answers}
				err := test.write(t.Context(), script.client())
				if (err == nil) != test.ok || hub.IsAmbiguous(err) != test.ambiguous {
					t.Errorf("error %v, ambiguous %v", err, hub.IsAmbiguous(err))
				}
				if len(script.answers) > 0 {
					t.Errorf("%d answers were not asked for", len(script.answers))
				}
				var ambiguous *hub.AmbiguousError
				if errors.As(err, &ambiguous) &&
					(ambiguous.Method != http.MethodPost || !strings.HasPrefix(ambiguous.URL, "https://hub.example/api/")) {
					t.Errorf("the error is of %s %s", ambiguous.Method, ambiguous.URL)
				}
			})
		})
	}
}

// TestAWriteWithoutAConnectionIsRepeated has a dialer that fails first: the server saw nothing, so it is safe.
func TestAWriteWithoutAConnectionIsRepeated(t *testing.T) {
	t.Parallel()
	var writes, dials atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writes.Add(1)
		io.WriteString(w, `{"newMessage":{"id":"c1"}}`)
	}))
	defer server.Close()
	carrier := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, errors.New("network unreachable")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	defer carrier.CloseIdleConnections()
	client, err := hub.New(server.URL, "", hub.WithHTTPClient(&http.Client{Transport: carrier}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Comment(t.Context(), model, 1, "hi"); err != nil || writes.Load() != 1 || dials.Load() != 2 {
		t.Errorf("Comment = %v after %d dials and %d writes", err, dials.Load(), writes.Load())
	}
}

// TestALostAnswerIsAmbiguous has a server that does the write and dies before it answers.
func TestALostAnswerIsAmbiguous(t *testing.T) {
	t.Parallel()
	var writes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		writes.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	client, err := hub.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Comment(t.Context(), model, 1, "hi"); !hub.IsAmbiguous(err) || writes.Load() != 1 {
		t.Errorf("Comment = %v after %d writes, want that it is ambiguous after one", err, writes.Load())
	}
}

func TestAContentThatCannotBeReadIsNotAmbiguous(t *testing.T) {
	t.Parallel()
	broken := hub.CommitFile{Path: "a", Size: 1 << 20}
	broken.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<10)), failing{})), nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"files":[{"path":"a","uploadMode":"regular","shouldIgnore":false}]}`)
	}))
	defer server.Close()
	client, err := hub.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{broken}})
	if !errors.Is(err, errDisk) || hub.IsAmbiguous(err) {
		t.Errorf("Commit = %v, want the disk's error, and not ambiguous", err)
	}
}

var errDisk = errors.New("disk on fire")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }
