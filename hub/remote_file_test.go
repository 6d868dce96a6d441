package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// fileHub serves one file and notes what is asked for.
type fileHub struct {
	content []byte
	mu      sync.Mutex
	ranges  []string
	broken  int // so many answers end early
}

func (h *fileHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	cut := false
	if r.Method == http.MethodGet {
		h.ranges = append(h.ranges, r.Header.Get("Range"))
		if cut = h.broken > 0; cut {
			h.broken--
		}
	}
	h.mu.Unlock()
	if cut {
		w = &cutWriter{ResponseWriter: w, left: 10}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.content))
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	if w.left -= n; w.left == 0 {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func openRemote(ctx context.Context, t *testing.T, h *fileHub) *hub.RemoteFile {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := hub.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	file, err := client.OpenFile(ctx, model, "", "w.bin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func randomBytes(n int) []byte {
	content := make([]byte, n)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	return content
}

func TestRemoteFileReadsAnywhere(t *testing.T) {
	t.Parallel()
	h := &fileHub{content: randomBytes(3 << 20)}
	file := openRemote(t.Context(), t, h)
	tests := map[string]struct {
		off int64
		n   int
		err error
	}{
		"start": {0, 8, nil}, "middle": {1_000_001, 70_000, nil}, "more than is asked ahead": {100, 2 << 20, nil},
		"up to the end": {3<<20 - 5, 5, nil}, "over the end": {3<<20 - 5, 9, io.EOF}, "at the end": {3 << 20, 1, io.EOF},
		"far out": {1 << 40, 1, io.EOF}, "nothing": {7, 0, nil},
	}
	for name, test := range tests {
		p := make([]byte, test.n)
		n, err := file.ReadAt(p, test.off)
		from := min(test.off, int64(len(h.content)))
		want := h.content[from:min(from+int64(test.n), int64(len(h.content)))]
		if !errors.Is(err, test.err) || !bytes.Equal(p[:n], want) {
			t.Errorf("%s: ReadAt = %d bytes, %v; want %d bytes, %v", name, n, err, len(want), test.err)
		}
	}
	if _, err := file.ReadAt(make([]byte, 1), -1); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a negative offset: %v", err)
	}
}

func TestRemoteFileAsksSparingly(t *testing.T) {
	t.Parallel()
	h := &fileHub{content: randomBytes(2 << 20)}
	file := openRemote(t.Context(), t, h)
	got, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
	if err != nil || !bytes.Equal(got, h.content) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	const k = 256 << 10
	want := []string{
		fmt.Sprintf("bytes=0-%d", k-1), fmt.Sprintf("bytes=%d-%d", k, 3*k-1), fmt.Sprintf("bytes=%d-%d", 3*k, 7*k-1),
		fmt.Sprintf("bytes=%d-%d", 7*k, 8*k-1),
	}
	if diff := cmp.Diff(want, h.ranges); diff != "" {
		t.Errorf("requests differ (-want +got):\n%s", diff)
	}
}

func TestRemoteFileGoesOnAfterBreaks(t *testing.T) {
	t.Parallel()
	h := &fileHub{content: randomBytes(1000), broken: 5}
	file := openRemote(t.Context(), t, h)
	p := make([]byte, 1000)
	if n, err := file.ReadAt(p, 0); err != nil || !bytes.Equal(p, h.content) {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
	if len(h.ranges) != 6 {
		t.Errorf("requests %v, want 5 that broke off and one for the rest", h.ranges)
	}
}

func TestRemoteFileGivesUp(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// An answer that promises a file and ends before its first byte, cleanly.
		w.Header().Set("Content-Range", "bytes 0-99/100")
		w.Header().Set("X-Linked-Size", "100")
		w.WriteHeader(http.StatusPartialContent)
	}))
	defer server.Close()
	client, err := hub.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	file, err := client.OpenFile(t.Context(), model, "", "w.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if n, err := file.ReadAt(make([]byte, 100), 0); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ReadAt = %d, %v; want io.ErrUnexpectedEOF", n, err)
	}
}

func TestRemoteFileIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	h := &fileHub{content: randomBytes(1 << 20)}
	file := openRemote(t.Context(), t, h)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 20 {
				off, n := random.Int64N(1<<20), random.IntN(5000)
				p := make([]byte, n)
				got, err := file.ReadAt(p, off)
				if err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(p[:got], h.content[off:off+int64(got)]) {
					t.Errorf("ReadAt(%d bytes, %d) = %d, %v", n, off, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestRemoteFileThatChanges(t *testing.T) {
	t.Parallel()
	h := &fileHub{content: randomBytes(100)}
	file := openRemote(t.Context(), t, h)
	h.content = randomBytes(101)
	if _, err := file.ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("a file of another size is read as if nothing had happened")
	}
}

func TestRemoteFileEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := &fileHub{content: randomBytes(1 << 20)}
	canceled, closed := openRemote(ctx, t, h), openRemote(t.Context(), t, h)
	for _, file := range []*hub.RemoteFile{canceled, closed} {
		if _, err := file.ReadAt(make([]byte, 10), 0); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := canceled.ReadAt(make([]byte, 10), 500_000); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt after the context = %v, want context.Canceled", err)
	}
	closed.Close()
	if _, err := closed.ReadAt(make([]byte, 10), 10); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt after Close = %v, want fs.ErrClosed", err)
	}
}
