package cmd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
)

func TestOpenSource(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const content = "a checkpoint"
	local := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(local, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	ranged := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(local))))
	defer ranged.Close()
	whole := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(content))
	}))
	defer whole.Close()
	for _, name := range []string{local, ranged.URL + "/model.bin", whole.URL + "/model.bin"} {
		src, err := openSource(t.Context(), &config.Config{}, name, convert.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := src.open(t.Context(), src.files[0])
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, f.Size()-2)
		if _, err := f.ReadAt(got, 2); err != nil || string(got) != content[2:] {
			t.Errorf("%s: read %q, %v; want %q", name, got, err, content[2:])
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left behind: %v, %v", left, err)
	}
	for name, want := range map[string]string{
		"gone.bin": "no such file", "acme/tiny": "at which revision: acme/tiny@main", "acme/tiny@": "revision: acme/tiny@main",
		ranged.URL + "/gone.bin": "404", "http://127.0.0.1:1/x": "fetch",
	} {
		if _, err := openSource(t.Context(), &config.Config{}, name, convert.Options{}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("openSource(%s) = %v, want an error with %q", name, err, want)
		}
	}
	inFolder := "hfbot/gone" // a folder that is here, so no owner
	if _, err := openSource(t.Context(), &config.Config{}, inFolder, convert.Options{}); err == nil || strings.Contains(err.Error(), "@main") {
		t.Errorf("openSource(%s) = %v, want an error that takes it for a file", inFolder, err)
	}
}

// TestSourceThatDoesNotAnswer says what it waits for as soon as a try has failed.
func TestSourceThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told []string
	tell := tellRetries(writer(func(p []byte) {
		told = append(told, string(p))
		cancel() // it has been seen
	}))
	_, err := openSource(ctx, &config.Config{Endpoint: "http://127.0.0.1:1"}, "acme/tiny@main", convert.Options{}, tell)
	const want = "hub: GET http://127.0.0.1:1/api/models/acme/tiny/revision/main: "
	if !errors.Is(err, context.Canceled) || len(told) != 1 || !strings.HasPrefix(told[0], want) ||
		!strings.HasSuffix(told[0], "; try 2 of 6 in 1s\n") {
		t.Errorf("%v, told %q", err, told)
	}
}

// TestSourceThatAnswersWithSteering shows what the Hub answers as one line that steers no terminal.
func TestSourceThatAnswersWithSteering(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error": "two\nlines `+hostile+`"}`)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told string
	tell := tellRetries(writer(func(p []byte) {
		told += string(p)
		cancel()
	}))
	_, err := openSource(ctx, &config.Config{Endpoint: server.URL}, "acme/tiny@main", convert.Options{}, tell)
	if err == nil || !strings.Contains(told, "two lines a/�[2Jb") || strings.ContainsAny(told, "\x1b\x07\x00\r\u202e") {
		t.Errorf("%v, told %q", err, told)
	}
}

// writer is told what is written.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestURLThatChanges serves another version of the file after the first request.
func TestURLThatChanges(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", []string{`"one"`, `"two"`}[min(requests.Add(1)-1, 1)])
		http.ServeContent(w, r, "model.bin", time.Time{}, strings.NewReader("a checkpoint"))
	}))
	defer server.Close()
	src, err := openSource(t.Context(), &config.Config{}, server.URL+"/model.bin", convert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := src.open(t.Context(), src.files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.ReadAt(make([]byte, 3), 0); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}
