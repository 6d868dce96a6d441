package workspace_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

// history commits n files one after another on main and returns the commits, oldest first.
func history(h *testHub, n int) []plumbing.Hash {
	var commits, parents []plumbing.Hash
	for i := range n {
		blob := h.blob(strings.Repeat("x", i))
		commit := h.commit(h.mkTree(entry{"file", filemode.Regular, blob}), parents...)
		commits, parents = append(commits, commit), []plumbing.Hash{commit}
	}
	h.setRef("refs/heads/main", commits[n-1])
	return commits
}

func TestFetchByID(t *testing.T) {
	t.Parallel()
	const superseded = "superseded"
	tests := map[string]struct {
		config string
		want   map[string]string // by what is asked for; "" is success
	}{
		"any id": {
			"[uploadpack]\n\tallowAnySHA1InWant = true\n",
			map[string]string{"tip": "", "old": "", "force-pushed": "", "never existed": superseded},
		},
		"reachable ids": {
			"[uploadpack]\n\tallowReachableSHA1InWant = true\n",
			map[string]string{"tip": "", "old": "", "force-pushed": superseded, "never existed": superseded},
		},
		"nothing said": {
			"",
			map[string]string{"tip": "", "old": "", "force-pushed": superseded, "never existed": superseded},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, test.config)
			commits := history(h, 20)
			ids := map[string]plumbing.Hash{
				"tip": commits[19], "old": commits[5],
				"force-pushed":  h.commit(h.mkTree(entry{"gone", filemode.Regular, h.blob("gone")})),
				"never existed": plumbing.NewHash(strings.Repeat("12", 20)),
			}
			for asked, want := range test.want {
				w, err := h.open(t.Context(), ids[asked].String(), nil)
				if want == superseded {
					if !errors.Is(err, workspace.ErrSuperseded) {
						t.Errorf("%s: Open = %v, want ErrSuperseded", asked, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: Open = %v", asked, err)
				} else if got := list(t, w); len(got) != 1 {
					t.Errorf("%s: List = %v, want one file", asked, got)
				}
			}
		})
	}
}

func TestFetchDeepensTheRef(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commits := history(h, 130)
	tests := map[string]struct {
		commit  plumbing.Hash
		ref     string
		fetches int32
	}{
		"in reach of depth 10":   {commits[125], "refs/heads/main", 3}, // id, depth 1, depth 10
		"in reach of depth 1000": {commits[10], "refs/heads/main", 5},  // and depths 100 and 1000
		"a pull request":         {commits[126], "refs/pr/1", 2},       // its tip
		"no such ref":            {commits[125], "refs/heads/gone", 1}, // the id only
	}
	h.setRef("refs/pr/1", commits[126])
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h.intercept = refuseWant(t, test.commit)
			if test.ref == "refs/pr/1" { // asked for by the ref, the same id is given
				refused := false
				h.intercept = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method != http.MethodPost || refused {
						return false
					}
					refused = true
					return refuseWant(t, test.commit)(w, r)
				}
			}
			before := h.fetches.Load()
			w, err := h.open(t.Context(), test.commit.String(), func(o *workspace.Options) { o.Ref = test.ref })
			if test.ref == "refs/heads/gone" {
				if !errors.Is(err, workspace.ErrSuperseded) {
					t.Errorf("Open = %v, want ErrSuperseded", err)
				}
			} else if err != nil {
				t.Fatalf("Open: %v", err)
			} else if w.SHA() != test.commit.String() || len(list(t, w)) != 1 {
				t.Errorf("opened %s with %v", w.SHA(), list(t, w))
			}
			if got := h.fetches.Load() - before; got != test.fetches {
				t.Errorf("%d fetches, want %d", got, test.fetches)
			}
		})
	}
}

func TestFetchNeverTakesANewerCommit(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commits := history(h, 3)
	gone := plumbing.NewHash(strings.Repeat("34", 20))
	_, err := h.open(t.Context(), gone.String(), func(o *workspace.Options) { o.Ref = "refs/heads/main" })
	if !errors.Is(err, workspace.ErrSuperseded) {
		t.Errorf("Open = %v, want ErrSuperseded although main has %s", err, commits[2])
	}
}

func TestFetchSendsTheToken(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commit := h.one("a", "a")
	const token = "hf_sesame"
	h.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if _, password, _ := r.BasicAuth(); password == token {
			return false
		}
		http.Error(w, "Invalid username or password.", http.StatusUnauthorized)
		return true
	}
	w, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Client = h.client(token) })
	if err != nil || len(list(t, w)) != 1 {
		t.Fatalf("Open with the token: %v", err)
	}
	_, err = h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Client = h.client("hf_wrong") })
	if err == nil || strings.Contains(err.Error(), "hf_wrong") {
		t.Errorf("Open with a wrong token = %v, want an error without the token", err)
	}
}

func TestFetchStopsWithTheContext(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commit := h.one("a", "a")
	ctx, cancel := context.WithCancel(t.Context())
	h.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil { // the server only then sees that the client is gone
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	if _, err := h.open(ctx, commit.String(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, want context.Canceled", err)
	}
}

func TestFetchOfBrokenAnswers(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"nothing": "", "text": "hello", "a web page": "<html>" + strings.Repeat("x", 5000),
		"a cut pack": "0008NAK\n0015\x01PACK\x00\x00\x00\x02\x00\x00\x00\x09",
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			commit := h.one("a", "a")
			h.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost {
					return false
				}
				w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
				w.Write([]byte(answer))
				return true
			}
			h.tree = []hub.TreeEntry{{Type: "file", Path: "by-api", Size: 3}}
			w, err := h.open(t.Context(), commit.String(), nil)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if got := list(t, w); len(got) != 1 || got[0].Path != "by-api" {
				t.Errorf("List = %v, want what the API lists", got)
			}
		})
	}
}
