package workspace_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
	"github.com/hfbot/hfbot/hub/workspace"
)

// counted is a local Hub with one model, whose fetches by git are counted.
type counted struct {
	*emulator.Server
	repo    hub.RepoRef
	heads   []string
	fetches atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
		c.fetches.Add(1)
	}
	return http.DefaultTransport.RoundTrip(req)
}

func startCounted(t *testing.T, commits int) *counted {
	t.Helper()
	server, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c := &counted{Server: server, repo: hub.RepoRef{Type: hub.Model, Name: "demo/m"}}
	client := server.Client("demo")
	if err := client.CreateRepo(t.Context(), c.repo, hub.CreateRepoOptions{Private: true}); err != nil {
		t.Fatal(err)
	}
	for i := range commits {
		made, err := client.Commit(t.Context(), c.repo, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{
			hub.BytesFile("a.txt", fmt.Appendf(nil, "content %d", i)),
		}})
		if err != nil {
			t.Fatal(err)
		}
		c.heads = append(c.heads, made.OID)
	}
	return c
}

// open opens a commit as a user.
func (c *counted) open(t *testing.T, cache *workspace.Cache, token hub.Secret, sha string) (*workspace.Workspace, error) {
	t.Helper()
	client, err := hub.New(c.URL(), token, hub.WithHTTPClient(&http.Client{Transport: c}))
	if err != nil {
		t.Fatal(err)
	}
	return workspace.Open(t.Context(), workspace.Options{
		Client: client, Repo: c.repo, SHA: sha, Dir: filepath.Join(t.TempDir(), "workspace"), Cache: cache,
	})
}

func TestCacheFetchesOnce(t *testing.T) {
	t.Parallel()
	c := startCounted(t, 1)
	dir := filepath.Join(t.TempDir(), "cache")
	cache := workspace.NewCache(dir, 1<<30)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			ws, err := c.open(t, cache, "hf_demo", c.heads[0])
			if err != nil {
				t.Error(err)
				return
			}
			defer ws.Close()
			if text, err := ws.ReadFile(t.Context(), "a.txt", 100); err != nil || string(text) != "content 0" {
				t.Errorf("a.txt is %q: %v", text, err)
			}
			root, err := ws.Materialize(t.Context(), workspace.MaterializeOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			defer root.Close()
			if err := root.WriteFile("a.txt", []byte("mine"), 0o600); err != nil { // no one else sees this
				t.Error(err)
			}
		})
	}
	all.Wait()
	again, err := c.open(t, cache, "hf_demo", c.heads[0])
	if err != nil {
		t.Fatal(err)
	}
	if n := c.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
	// What one token may read is not for another, and an error is not kept.
	for range 2 {
		if _, err := c.open(t, cache, "hf_hfbot", c.heads[0]); err == nil {
			t.Error("somebody else reads the private repository")
		}
	}
	if err := errors.Join(cache.Close(), again.Close(), again.Close()); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the folder still has %v %v", left, err)
	}
	if _, err := c.open(t, cache, "hf_demo", c.heads[0]); err == nil {
		t.Error("a closed cache gives something")
	}
}

func TestCacheMakesRoom(t *testing.T) {
	t.Parallel()
	c := startCounted(t, 3)
	use := func(cache *workspace.Cache, sha string) {
		t.Helper()
		ws, err := c.open(t, cache, "hf_demo", sha)
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.Close(); err != nil {
			t.Fatal(err)
		}
	}
	none := workspace.NewCache(t.TempDir(), 0)
	t.Cleanup(func() { none.Close() })
	for range 2 {
		use(none, c.heads[0])
	}
	if n := c.fetches.Swap(0); n != 2 {
		t.Errorf("a cache without room: %d fetches", n)
	}
	plenty := workspace.NewCache(t.TempDir(), 1<<30)
	t.Cleanup(func() { plenty.Close() })
	for range 2 {
		for _, head := range c.heads {
			use(plenty, head)
		}
	}
	if n := c.fetches.Load(); n != 3 {
		t.Errorf("a cache with room: %d fetches", n)
	}
}

// TestCacheSurvivesAFetcherThatGivesUp has the first opener cancelled while others wait for it.
func TestCacheSurvivesAFetcherThatGivesUp(t *testing.T) {
	t.Parallel()
	c := startCounted(t, 1)
	cache := workspace.NewCache(t.TempDir(), 1<<30)
	t.Cleanup(func() { cache.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	client, err := hub.New(c.URL(), "hf_demo", hub.WithHTTPClient(&http.Client{Transport: roundTrip(
		func(req *http.Request) (*http.Response, error) {
			close(asked)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})}))
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() {
		_, err := workspace.Open(ctx, workspace.Options{
			Client: client, Repo: c.repo, SHA: c.heads[0], Dir: filepath.Join(t.TempDir(), "first"), Cache: cache,
		})
		first <- err
	}()
	<-asked
	second := make(chan error, 1)
	go func() {
		ws, err := c.open(t, cache, "hf_demo", c.heads[0])
		if err == nil {
			err = ws.Close()
		}
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
