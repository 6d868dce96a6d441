package main_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// gate passes on to a Hub all requests but one: the second file that is about to be uploaded waits for ever.
type gate struct {
	*httptest.Server
	uploads atomic.Int32
	reached chan struct{} // closed when the second upload waits
}

func newGate(t *testing.T, endpoint string) *gate {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{reached: make(chan struct{})}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/objects/batch") && g.uploads.Add(1) == 2 {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client is gone
			close(g.reached)
			<-r.Context().Done()
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// TestKilledConversion kills the bot when the first of two shards is uploaded and the second converted. The bot that is
// started again goes on, and in the end there is one pull request with all files.
func TestKilledConversion(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ci := newCI(t)
	server := startHub(ctx, t, nil)
	hubGate := newGate(t, server.URL())
	b := newProcess(t, hubGate.URL, ci.server.URL)
	b.start(ctx)
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/shards"}
	prepare(ctx, t, server, repo, b.address)
	pushShards(ctx, t, server.Client("demo"), repo)
	select {
	case <-hubGate.reached:
	case <-ctx.Done():
		t.Fatal("no second file was uploaded")
	}
	b.kill()
	b.start(ctx)
	b.waitForRuns(ctx, 2)

	user := server.Client("demo")
	var byBot []int
	for d, err := range user.Discussions(ctx, repo, hub.DiscussionFilter{Author: "hfbot"}) {
		if err != nil {
			t.Fatal(err)
		}
		byBot = append(byBot, d.Num)
	}
	if !slices.Equal(byBot, []int{1}) {
		t.Fatalf("pull requests by the bot: %v, want one", byBot)
	}
	var weights []string
	for entry, err := range user.Tree(ctx, repo, "refs/pr/1") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(entry.Path, "safetensors") {
			weights = append(weights, entry.Path)
		}
	}
	slices.Sort(weights)
	want := []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"}
	if !slices.Equal(weights, want) {
		t.Errorf("files of the pull request: %v, want %v", weights, want)
	}
}

// pushShards makes a commit of a sharded model whose safetensors go to the LFS store.
func pushShards(ctx context.Context, t *testing.T, user *hub.Client, repo hub.RepoRef) {
	t.Helper()
	in := hub.CommitInput{Summary: "Add weights", Files: []hub.CommitFile{
		hub.BytesFile(".gitattributes", []byte("*.safetensors filter=lfs diff=lfs merge=lfs -text\n")),
	}}
	paths, err := filepath.Glob("testdata/checkpoint/model/pytorch_model*")
	if err != nil || len(paths) != 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		in.Files = append(in.Files, hub.BytesFile(filepath.Base(path), content))
	}
	if _, err := user.Commit(ctx, repo, in); err != nil {
		t.Fatal(err)
	}
}
