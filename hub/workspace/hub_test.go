package workspace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

var repoRef = hub.RepoRef{Type: hub.Model, Name: "acme/tiny"}

// testHub serves one repository, "acme/tiny", by git's own http-backend, and what the test adds over HTTP. It lies
// below a base path, so that addresses that leave it out fail.
type testHub struct {
	t       *testing.T
	dir     string
	storage *filesystem.Storage
	server  *httptest.Server

	intercept func(w http.ResponseWriter, r *http.Request) bool // sees the git calls first
	content   map[string][]byte                                 // what resolve serves, by path
	tree      []hub.TreeEntry                                   // what the API lists; nil: revision not found
	fetches   atomic.Int32                                      // packs that were asked for
}

func newTestHub(t *testing.T, config string) *testHub {
	t.Helper()
	root := t.TempDir()
	h := &testHub{t: t, dir: filepath.Join(root, "tiny"), content: map[string][]byte{}}
	h.storage = filesystem.NewStorage(osfs.New(h.dir), cache.NewObjectLRUDefault())
	if _, err := git.Init(h.storage, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "config"), []byte("[core]\n\tbare = true\n"+config), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("git")
	if err != nil {
		t.Fatalf("these tests need git: %v", err)
	}
	backend := &cgi.Handler{Path: program, Args: []string{"http-backend"}, Root: "/base/acme", Env: []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root,
	}, Stderr: io.Discard}
	mux := http.NewServeMux()
	serveGit := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
			h.fetches.Add(1)
		}
		if h.intercept == nil || !h.intercept(w, r) {
			backend.ServeHTTP(w, r)
		}
	}
	mux.HandleFunc("/base/acme/tiny/info/refs", serveGit)
	mux.HandleFunc("/base/acme/tiny/git-upload-pack", serveGit)
	mux.HandleFunc("/base/acme/tiny/resolve/{sha}/{path...}", h.resolve)
	mux.HandleFunc("/base/api/models/acme/tiny/tree/{sha}", h.listTree)
	mux.HandleFunc("POST /base/api/models/acme/tiny/paths-info/{sha}", h.pathsInfo)
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	return h
}

func (h *testHub) resolve(w http.ResponseWriter, r *http.Request) {
	content, ok := h.content[r.PathValue("path")]
	if !ok {
		w.Header().Set("X-Error-Code", "EntryNotFound")
		http.Error(w, "Entry not found", http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", r.PathValue("sha"))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (h *testHub) listTree(w http.ResponseWriter, _ *http.Request) {
	if h.tree == nil {
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		http.Error(w, "Invalid rev id", http.StatusNotFound)
		return
	}
	if err := json.NewEncoder(w).Encode(h.tree); err != nil {
		h.t.Error(err)
	}
}

// pathsInfo answers with more than what is asked for, as a Hub might that is not to be trusted.
func (h *testHub) pathsInfo(w http.ResponseWriter, r *http.Request) { h.listTree(w, r) }

func (h *testHub) client(token hub.Secret) *hub.Client {
	h.t.Helper()
	client, err := hub.New(h.server.URL+"/base", token)
	if err != nil {
		h.t.Fatal(err)
	}
	return client
}

// open opens a commit in a folder that is removed with the test.
func (h *testHub) open(ctx context.Context, sha string, change func(*workspace.Options)) (*workspace.Workspace, error) {
	h.t.Helper()
	opts := workspace.Options{
		Client: h.client(""), Repo: repoRef, SHA: sha, Dir: filepath.Join(h.t.TempDir(), "workspace"),
	}
	if change != nil {
		change(&opts)
	}
	w, err := workspace.Open(ctx, opts)
	if err == nil {
		h.t.Cleanup(func() { w.Close() })
	} else if _, statErr := os.Stat(opts.Dir); !os.IsNotExist(statErr) {
		h.t.Errorf("Open failed and left its folder behind (%v)", statErr)
	}
	return w, err
}

// mustOpen opens a commit that is there.
func (h *testHub) mustOpen(sha plumbing.Hash) *workspace.Workspace {
	h.t.Helper()
	w, err := h.open(h.t.Context(), sha.String(), nil)
	if err != nil {
		h.t.Fatalf("Open: %v", err)
	}
	return w
}

func (h *testHub) put(kind plumbing.ObjectType, content []byte) plumbing.Hash {
	h.t.Helper()
	stored := h.storage.NewEncodedObject()
	stored.SetType(kind)
	w, err := stored.Writer()
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		h.t.Fatal(err)
	}
	hash, err := h.storage.SetEncodedObject(stored)
	if err != nil {
		h.t.Fatal(err)
	}
	return hash
}

func (h *testHub) blob(content string) plumbing.Hash {
	h.t.Helper()
	return h.put(plumbing.BlobObject, []byte(content))
}

// entry is one entry of a tree, in the order that the test gives, valid or not.
type entry struct {
	name string
	mode filemode.FileMode
	hash plumbing.Hash
}

func (h *testHub) mkTree(entries ...entry) plumbing.Hash {
	h.t.Helper()
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%o %s\x00%s", uint32(e.mode), e.name, e.hash[:])
	}
	return h.put(plumbing.TreeObject, b.Bytes())
}

func (h *testHub) commit(tree plumbing.Hash, parents ...plumbing.Hash) plumbing.Hash {
	h.t.Helper()
	who := object.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1_700_000_000, 0).UTC()}
	commit := &object.Commit{Author: who, Committer: who, Message: "work", TreeHash: tree, ParentHashes: parents}
	stored := h.storage.NewEncodedObject()
	if err := commit.Encode(stored); err != nil {
		h.t.Fatal(err)
	}
	hash, err := h.storage.SetEncodedObject(stored)
	if err != nil {
		h.t.Fatal(err)
	}
	return hash
}

func (h *testHub) setRef(name string, commit plumbing.Hash) {
	h.t.Helper()
	ref := plumbing.NewHashReference(plumbing.ReferenceName(name), commit)
	if err := h.storage.SetReference(ref); err != nil {
		h.t.Fatal(err)
	}
}

// one commits a single file on main.
func (h *testHub) one(name, content string) plumbing.Hash {
	h.t.Helper()
	commit := h.commit(h.mkTree(entry{name, filemode.Regular, h.blob(content)}))
	h.setRef("refs/heads/main", commit)
	return commit
}

// refuseWant answers "not our ref" to requests for a commit, as servers do that do not give commits by their id.
func refuseWant(t *testing.T, sha plumbing.Hash) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(body), "want "+sha.String()) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			return false
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		text := "ERR upload-pack: not our ref " + sha.String()
		fmt.Fprintf(w, "%04x%s", len(text)+4, text)
		return true
	}
}
