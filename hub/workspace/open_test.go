package workspace_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

func TestLFSContentIsVerified(t *testing.T) {
	t.Parallel()
	weights := strings.Repeat("weights ", 100_000) // 800 kB
	damaged := weights[:len(weights)-1] + "!"
	text, _ := pointerTo(weights)
	tests := map[string]struct {
		served  string
		openErr error
		readErr error
	}{
		"right":       {served: weights},
		"damaged":     {served: damaged, readErr: workspace.ErrCorrupt},
		"cut":         {served: weights[:1000], openErr: workspace.ErrCorrupt},
		"too long":    {served: weights + "x", openErr: workspace.ErrCorrupt},
		"not to have": {served: "", openErr: workspace.ErrSuperseded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			w := h.mustOpen(h.one("model.bin", text))
			if test.served != "" {
				h.content["model.bin"] = []byte(test.served)
			}
			f, err := w.Open(t.Context(), "model.bin")
			if !errors.Is(err, test.openErr) {
				t.Fatalf("Open = %v, want %v", err, test.openErr)
			}
			if err != nil {
				return
			}
			defer f.Close()
			p := make([]byte, 7)
			if _, err := f.ReadAt(p, 8); err != nil || string(p) != "weights" {
				t.Errorf("ReadAt = %q, %v", p, err)
			}
			got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
			if !errors.Is(err, test.readErr) {
				t.Errorf("reading it all = %v, want %v", err, test.readErr)
			}
			if err == nil && string(got) != weights {
				t.Errorf("read %d bytes, not the content", len(got))
			}
			if _, err := f.ReadAt(p, 0); !errors.Is(err, test.readErr) {
				t.Errorf("reading on = %v, want %v", err, test.readErr)
			}
		})
	}
}

func TestBlobsLeftOutOfThePack(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "[uploadpack]\n\tallowFilter = true\n")
	huge := strings.Repeat("0123456789abcdef", 11<<16) // 11 MiB
	w := h.mustOpen(h.one("huge.csv", huge))
	h.content["huge.csv"] = []byte(huge)
	entry, err := w.Stat(t.Context(), "huge.csv")
	if err != nil || entry.Size != int64(len(huge)) || entry.LFS != nil {
		t.Fatalf("Stat = %+v, %v", entry, err)
	}
	got, err := w.ReadFile(t.Context(), "huge.csv", int64(len(huge)))
	if err != nil || !bytes.Equal(got, []byte(huge)) {
		t.Fatalf("ReadFile = %d bytes, %v", len(got), err)
	}
	h.content["huge.csv"] = []byte(strings.ToUpper(huge))
	if _, err := w.ReadFile(t.Context(), "huge.csv", int64(len(huge))); !errors.Is(err, workspace.ErrCorrupt) {
		t.Errorf("ReadFile of another content = %v, want ErrCorrupt", err)
	}
}

func TestFilesByAPI(t *testing.T) {
	t.Parallel()
	const readme = "# Tiny\n"
	_, sum := pointerTo("weights")
	prepare := func(t *testing.T) (*testHub, string) {
		h := newTestHub(t, "")
		commit := h.one("README.md", readme)
		h.content["README.md"], h.content["sub/model.bin"] = []byte(readme), []byte("weights")
		h.tree = []hub.TreeEntry{
			{Type: "directory", Path: "sub"},
			{Type: "file", Path: "README.md", Size: 7, OID: h.blob(readme).String()},
			{Type: "file", Path: "sub/model.bin", Size: 7, OID: strings.Repeat("0", 40), LFS: &hub.LFS{SHA256: sum, Size: 7}},
			{Type: "file", Path: "../evil"},
			{Type: "file", Path: "/etc/passwd"},
			{Type: "file", Path: "a//b"},
			{Type: "file", Path: "x/.git/config"},
			{Type: "unknown", Path: "module"},
		}
		return h, commit.String()
	}
	tests := map[string]struct {
		limit     int64
		intercept func(http.ResponseWriter, *http.Request) bool
	}{
		"no git": {intercept: func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "Not Found", http.StatusNotFound)
			return true
		}},
		"a renamed repository": {intercept: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/base/acme/small/info/refs", http.StatusTemporaryRedirect)
			return true
		}},
		"a pack over the limit": {limit: 300},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, commit := prepare(t)
			h.intercept = test.intercept
			w, err := h.open(t.Context(), commit, func(o *workspace.Options) { o.Limits.PackBytes = test.limit })
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			want := []workspace.Entry{
				{Path: "README.md", Size: 7},
				{Path: "sub/model.bin", Size: 7, LFS: &workspace.LFS{SHA256: sum, Size: 7}},
			}
			if diff := cmp.Diff(want, list(t, w)); diff != "" {
				t.Errorf("List differs (-want +got):\n%s", diff)
			}
			for path, content := range map[string]string{"README.md": readme, "sub/model.bin": "weights"} {
				if got, err := w.ReadFile(t.Context(), path, 100); err != nil || string(got) != content {
					t.Errorf("ReadFile(%s) = %q, %v", path, got, err)
				}
			}
		})
	}
}

func TestAPIListsHostileTrees(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tree []hub.TreeEntry
		want error
	}{
		"two files of one name": {
			[]hub.TreeEntry{{Type: "file", Path: "a"}, {Type: "file", Path: "a"}}, workspace.ErrMalformed,
		},
		"a path without end": {[]hub.TreeEntry{{Type: "file", Path: strings.Repeat("x", 5000)}}, workspace.ErrTooLarge},
		"too many": {
			[]hub.TreeEntry{{Type: "file", Path: "a"}, {Type: "file", Path: "b"}, {Type: "file", Path: "c"}},
			workspace.ErrTooLarge,
		},
		"revision gone": {nil, workspace.ErrSuperseded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			h.tree = test.tree
			h.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "Not Found", http.StatusNotFound)
				return true
			}
			sha := strings.Repeat("ab", 20)
			_, err := h.open(t.Context(), sha, func(o *workspace.Options) { o.Limits.Files = 2 })
			if !errors.Is(err, test.want) {
				t.Errorf("Open = %v, want %v", err, test.want)
			}
		})
	}
}
