package hub_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// endless is a body without an end; it notes how much of it was read.
type endless struct {
	text string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text[(e.read+int64(n))%int64(len(e.text)):])
	}
	e.read += int64(n)
	return n, nil
}

func (*endless) Close() error { return nil }

// drip is a body that gives a byte from time to time, or none ever.
type drip struct {
	ctx   context.Context
	every time.Duration // 0: never
}

func (d drip) Read(p []byte) (int, error) {
	var tick <-chan time.Time
	if d.every > 0 {
		tick = time.After(d.every)
	}
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-tick:
		p[0] = ' '
		return 1, nil
	}
}

func (drip) Close() error { return nil }

// hostileClient is a client of a Hub that answers each call with a body; it counts the calls.
func hostileClient(t *testing.T, answer func(*http.Request) *http.Response) (*hub.Client, *atomic.Int64) {
	t.Helper()
	calls := &atomic.Int64{}
	carrier := transport(func(r *http.Request) (*http.Response, error) {
		calls.Add(1)
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		resp := answer(r)
		resp.Request = r
		if resp.Header == nil {
			resp.Header = http.Header{}
		}
		return resp, nil
	})
	client, err := hub.New("https://hub.example", testToken, hub.WithHTTPClient(&http.Client{Transport: carrier}))
	if err != nil {
		t.Fatal(err)
	}
	return client, calls
}

func TestAnEndlessAnswerIsCut(t *testing.T) {
	t.Parallel()
	for status, most := range map[int]int64{http.StatusOK: 33 << 20, http.StatusNotFound: 1 << 20} {
		body := &endless{text: strings.Repeat("[1,", 1000)}
		client, calls := hostileClient(t, func(*http.Request) *http.Response {
			return &http.Response{StatusCode: status, Body: body}
		})
		if _, err := client.Refs(t.Context(), model); err == nil {
			t.Errorf("status %d: an endless answer is taken", status)
		} else if len(err.Error()) > 4000 {
			t.Errorf("status %d: the error has %d bytes", status, len(err.Error()))
		}
		if calls.Load() != 1 || body.read > most {
			t.Errorf("status %d: %d calls, %d bytes read", status, calls.Load(), body.read)
		}
	}
}

func TestAGzipBombIsCut(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(packer, &endless{text: strings.Repeat(" ", 4096)}, 80<<20); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	}))
	defer server.Close()
	client, err := hub.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Refs(t.Context(), model)
	if err == nil || !strings.Contains(err.Error(), "larger than") || calls.Load() != 1 {
		t.Errorf("Refs = %v after %d calls, want that the answer is too large after one", err, calls.Load())
	}
}

func TestASlowAnswerEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, calls := hostileClient(t, func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: http.StatusOK, Body: drip{r.Context(), time.Second}}
		})
		if _, err := client.Refs(t.Context(), model); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Refs = %v, want that it took too long", err)
		}
		if got := calls.Load(); got != 6 {
			t.Errorf("%d calls, want 6", got)
		}
		if _, err := client.Comment(t.Context(), model, 1, "hi"); !hub.IsAmbiguous(err) {
			t.Errorf("Comment = %v, want that it is ambiguous", err)
		}
		if got := calls.Load(); got != 7 {
			t.Errorf("%d calls, want one more", got)
		}
	})
}

func TestASilentDownloadEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, calls := hostileClient(t, func(r *http.Request) *http.Response {
			if r.Method == http.MethodHead {
				return &http.Response{StatusCode: http.StatusOK, ContentLength: 10}
			}
			header := http.Header{"Content-Range": {"bytes 0-9/10"}}
			return &http.Response{StatusCode: http.StatusPartialContent, Header: header, Body: drip{ctx: r.Context()}}
		})
		body, err := client.Download(t.Context(), model, "", "w.bin", 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(body); err == nil || !strings.Contains(err.Error(), "sent nothing") {
			t.Errorf("ReadAll = %v, want that the server is silent", err)
		}
		body.Close()
		file, err := client.OpenFile(t.Context(), model, "", "w.bin")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.ReadAt(make([]byte, 10), 0); err == nil || !strings.Contains(err.Error(), "sent nothing") {
			t.Errorf("ReadAt = %v, want that the server is silent", err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if got := calls.Load(); got != 6 { // one download, one HEAD, the first range and three more tries
			t.Errorf("%d calls, want 6", got)
		}
	})
}

func TestWrongJSON(t *testing.T) {
	t.Parallel()
	reads := map[string]func(context.Context, *hub.Client) error{
		"Refs": func(ctx context.Context, c *hub.Client) error { _, err := c.Refs(ctx, model); return err },
		"Tree": func(ctx context.Context, c *hub.Client) error {
			for _, err := range c.Tree(ctx, model, "") {
				return err
			}
			return errors.New("no entry and no error")
		},
		"WhoAmI":       func(ctx context.Context, c *hub.Client) error { _, err := c.WhoAmI(ctx); return err },
		"Discussion":   func(ctx context.Context, c *hub.Client) error { _, err := c.Discussion(ctx, model, 1); return err },
		"SpaceRuntime": func(ctx context.Context, c *hub.Client) error { _, err := c.SpaceRuntime(ctx, space); return err },
		"Job":          func(ctx context.Context, c *hub.Client) error { _, err := c.Job(ctx, "ada", "j"); return err },
	}
	answers := []string{
		`"text"`, `7`, `{"stage":{},"branches":7,"events":"x","id":[],"name":{},"num":"one"}`, `[[[`, `<html>`, ``, "\x00\xff",
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	}
	for name, read := range reads {
		for i, answer := range answers {
			client, calls := hostileClient(t, func(*http.Request) *http.Response {
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer))}
			})
			if err := read(t.Context(), client); err == nil || calls.Load() != 1 {
				t.Errorf("%s of answer %d = %v after %d calls, want an error after one", name, i, err, calls.Load())
			}
		}
	}
}

func TestARedirectLoopEnds(t *testing.T) {
	t.Parallel()
	client, calls := hostileClient(t, func(r *http.Request) *http.Response {
		header := http.Header{"Location": {r.URL.Path + "x"}}
		return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: header, Body: http.NoBody}
	})
	if _, err := client.Refs(t.Context(), model); err == nil || !strings.Contains(err.Error(), "10 redirects") {
		t.Errorf("Refs = %v, want that there are too many redirects", err)
	}
	if got := calls.Load(); got != 10 {
		t.Errorf("%d calls, want 10", got)
	}
	if _, err := client.Comment(t.Context(), model, 1, "hi"); err == nil || hub.IsAmbiguous(err) {
		t.Errorf("Comment = %v, want an error that is not ambiguous: a redirect did nothing", err)
	}
}

func TestAListWithoutEndEnds(t *testing.T) {
	t.Parallel()
	page := 0
	client, calls := hostileClient(t, func(*http.Request) *http.Response {
		page++
		header := http.Header{"Link": {fmt.Sprintf(`<https://hub.example/next?%d>; rel="next"`, page)}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(`[]`))}
	})
	var last error
	for _, err := range client.Tree(t.Context(), model, "") {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "more than 10000 pages") || calls.Load() != 10_000 {
		t.Errorf("the list ends with %v after %d calls", last, calls.Load())
	}
}

func TestARangeIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"bytes 1-10/20", "bytes */20", "", "0-9/20", "bytes 0-9/20, bytes 1-2/3"} {
		client, calls := hostileClient(t, func(*http.Request) *http.Response {
			header := http.Header{"Content-Range": {answer}}
			return &http.Response{StatusCode: http.StatusPartialContent, Header: header, Body: &endless{text: "x"}}
		})
		if _, err := client.Download(t.Context(), model, "", "w.bin", 0, 10); err == nil || calls.Load() != 1 {
			t.Errorf("Content-Range %q: %v after %d calls", answer, err, calls.Load())
		}
	}
}

func TestMoreThanARangeIsNotRead(t *testing.T) {
	t.Parallel()
	body := &endless{text: "x"}
	client, _ := hostileClient(t, func(*http.Request) *http.Response {
		header := http.Header{"Content-Range": {"bytes 0-9/10"}}
		return &http.Response{StatusCode: http.StatusPartialContent, Header: header, Body: body}
	})
	content, err := client.Download(t.Context(), model, "", "w.bin", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if got, err := io.ReadAll(content); err != nil || string(got) != strings.Repeat("x", 10) || body.read != 10 {
		t.Errorf("read %d bytes of %s, %v", body.read, strconv.Quote(string(got)), err)
	}
}
