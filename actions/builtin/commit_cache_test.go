package builtin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
	"github.com/hfbot/hfbot/hub/workspace"
)

// TestStepsShareAFetchedCommit opens one commit for several steps of a bot, and for one of another bot.
func TestStepsShareAFetchedCommit(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Options{BaseURL: "http://127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	var fetches atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
			fetches.Add(1)
		}
		server.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	client, err := hub.New(web.URL, "hf_demo")
	if err != nil {
		t.Fatal(err)
	}
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/m"}
	if err := client.CreateRepo(t.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	info, err := client.RepoInfo(t.Context(), repo, "")
	if err != nil {
		t.Fatal(err)
	}
	open := func(steps string, shared *actions.Shared) {
		t.Helper()
		dir, err := os.MkdirTemp(steps, "step-*")
		if err != nil {
			t.Fatal(err)
		}
		ws, err := workspace.Open(t.Context(), workspace.Options{
			Client: client, Repo: repo, SHA: info.SHA, Dir: filepath.Join(dir, "git"),
			Cache: fetchedCommits(&actions.Runtime{Dir: dir, Shared: shared}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.Close(); err != nil {
			t.Fatal(err)
		}
	}
	one, other := t.TempDir(), &actions.Shared{}
	shared := &actions.Shared{}
	for range 3 {
		open(one, shared)
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches for three steps of a bot", n)
	}
	open(t.TempDir(), other)
	if n := fetches.Load(); n != 2 {
		t.Errorf("%d fetches with another bot", n)
	}
	open(t.TempDir(), nil)
	if n := fetches.Load(); n != 3 {
		t.Errorf("%d fetches with a step that shares nothing", n)
	}
	if err := errors.Join(shared.Close(), other.Close()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(one, "commits")); err == nil && len(left) > 0 {
		t.Errorf("the bot left %d commits behind", len(left))
	}
}
