package main_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// partGate is a local Hub that takes uploads in parts. It counts those of the bot, and one of them is not answered.
type partGate struct {
	*emulator.Server
	others  string // the oid of what somebody else uploads
	holds   int    // the number of the part that waits for ever, once
	reached chan struct{}

	mu   sync.Mutex
	puts map[string]int // by number of the part
}

func newPartGate(ctx context.Context, t *testing.T, others string) *partGate {
	t.Helper()
	g := &partGate{others: others, holds: 4, reached: make(chan struct{}), puts: map[string]int{}}
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	var err error
	if g.Server, err = emulator.New(emulator.Options{BaseURL: front.URL, PartSize: 128 << 10}); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// ServeHTTP implements http.Handler.
func (g *partGate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/lfs/") && !strings.Contains(r.URL.Path, g.others) {
		g.mu.Lock()
		g.puts[filepath.Base(r.URL.Path)]++
		hold := len(g.puts) == g.holds && g.holds > 0
		if hold {
			g.holds = 0
		}
		g.mu.Unlock()
		if hold {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client is gone
			close(g.reached)
			<-r.Context().Done()
			return
		}
	}
	if r.URL.Path == "/weights" {
		_, _ = w.Write(make([]byte, 9*128<<10)) // the bot says so if they do not come
		return
	}
	g.Handler().ServeHTTP(w, r)
}

// TestKilledUpload kills the bot in the middle of an upload in parts. The bot that is started again sends the parts that
// are missing, and afterwards nothing is left of the upload on its disk.
func TestKilledUpload(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ step, repo, revision, path string }{
		"convert": {"{uses: model.convert}", "demo/large", "refs/pr/1", "model.safetensors"},
		"upload": {
			"{uses: hub.upload, with: {repo: hfbot/mirror, path: w.safetensors, url: HUB/weights}}",
			"hfbot/mirror", "main", "w.safetensors",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			t.Cleanup(cancel)
			weights := largeCheckpoint(t, 256<<10)
			sum := sha256.Sum256(weights)
			g := newPartGate(ctx, t, hex.EncodeToString(sum[:]))
			b := newProcess(t, g.URL(), "http://127.0.0.1:1")
			rules := "version: 1\nrules:\n  - id: upload\n    on: repo.content.update\n    steps: [" +
				strings.ReplaceAll(test.step, "HUB", g.URL()) + "]\n"
			if err := os.WriteFile(b.args[2], []byte(rules), 0o600); err != nil {
				t.Fatal(err)
			}
			b.start(ctx)
			repo := hub.RepoRef{Type: hub.Model, Name: "demo/large"}
			prepare(ctx, t, g.Server, repo, b.address)
			mirror := hub.RepoRef{Type: hub.Model, Name: "hfbot/mirror"}
			if err := g.Client("hfbot").CreateRepo(ctx, mirror, hub.CreateRepoOptions{}); err != nil {
				t.Fatal(err)
			}
			pushLFS(ctx, t, g.Client("hfbot"), mirror)
			pushLFS(ctx, t, g.Client("demo"), repo, hub.BytesFile("pytorch_model.bin", weights))
			select {
			case <-g.reached:
			case <-ctx.Done():
				t.Fatal("the upload did not get to its fourth part")
			}
			b.kill()
			dir := strings.TrimPrefix(b.args[6], "sqlite:") + ".uploads"
			if left := names(t, dir); len(left) != 1 {
				t.Errorf("of the upload there is on the disk: %v", left)
			}
			b.start(ctx)
			b.waitForRuns(ctx, 1)
			checkParts(t, g)
			if entries, err := g.Client("demo").PathsInfo(ctx, hub.RepoRef{Type: hub.Model, Name: test.repo}, test.revision, []string{test.path}); err != nil ||
				len(entries) != 1 || entries[0].LFS == nil || entries[0].Size < 1<<20 {
				t.Errorf("uploaded: %+v, %v", entries, err)
			}
			b.poll(ctx, "the left-overs to go", func() bool { return len(names(t, dir)) == 0 })
		})
	}
}

// checkParts checks that only the part that was cut off was sent twice.
func checkParts(t *testing.T, g *partGate) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.puts) != 9 {
		t.Errorf("%d parts, want 9", len(g.puts))
	}
	for _, part := range slices.Sorted(maps.Keys(g.puts)) {
		want := 1
		if part == "4" {
			want = 2
		}
		if g.puts[part] != want {
			t.Errorf("part %s was sent %d times, want %d", part, g.puts[part], want)
		}
	}
}

// pushLFS makes a commit with more files in a repository that keeps safetensors by LFS.
func pushLFS(ctx context.Context, t *testing.T, by *hub.Client, repo hub.RepoRef, more ...hub.CommitFile) {
	t.Helper()
	attributes := hub.BytesFile(".gitattributes", []byte("*.safetensors filter=lfs diff=lfs merge=lfs -text\n"))
	_, err := by.Commit(ctx, repo, hub.CommitInput{Summary: "Add weights", Files: append(more, attributes)})
	if err != nil {
		t.Fatal(err)
	}
}
