package workspace_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub/workspace"
)

// pointerTo is the LFS pointer file of a content.
func pointerTo(content string) (text, sum string) {
	hash := sha256.Sum256([]byte(content))
	sum = hex.EncodeToString(hash[:])
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", sum, len(content)), sum
}

func list(t *testing.T, w *workspace.Workspace) []workspace.Entry {
	t.Helper()
	var entries []workspace.Entry
	for entry, err := range w.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func TestListShowsRegularFiles(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	weights := strings.Repeat("w", 5000)
	text, sum := pointerTo(weights)
	sub := h.mkTree(
		entry{"model.bin", filemode.Regular, h.blob(text)},
		entry{"run.sh", filemode.Executable, h.blob("#!/bin/sh\n")},
	)
	commit := h.commit(h.mkTree(
		entry{"README.md", filemode.Regular, h.blob("# Tiny\n")},
		entry{"empty", filemode.Regular, h.blob("")},
		entry{"link", filemode.Symlink, h.blob("../../../../etc/passwd")},
		entry{"module", filemode.Submodule, plumbing.NewHash(strings.Repeat("ab", 20))},
		entry{"sub", filemode.Dir, sub},
	))
	h.setRef("refs/heads/main", commit)

	w := h.mustOpen(commit)
	want := []workspace.Entry{
		{Path: "README.md", Size: 7},
		{Path: "empty"},
		{Path: "sub/model.bin", Size: 5000, LFS: &workspace.LFS{SHA256: sum, Size: 5000}},
		{Path: "sub/run.sh", Size: 10, Executable: true},
	}
	if diff := cmp.Diff(want, list(t, w)); diff != "" {
		t.Errorf("List differs (-want +got):\n%s", diff)
	}
	if w.SHA() != commit.String() {
		t.Errorf("SHA() = %s, want %s", w.SHA(), commit)
	}
	for _, path := range []string{
		"link", "module", "sub", "sub/", "/README.md", "../README.md", "./README.md", "nope", "",
	} {
		if _, err := w.Stat(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q) = %v, want fs.ErrNotExist", path, err)
		}
		if _, err := w.Open(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v, want fs.ErrNotExist", path, err)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	large := strings.Repeat("0123456789abcdef", 100_000) // 1.6 MB
	commit := h.commit(h.mkTree(
		entry{"README.md", filemode.Regular, h.blob("# Tiny\n")},
		entry{"empty", filemode.Regular, h.blob("")},
		entry{"large", filemode.Regular, h.blob(large)},
	))
	h.setRef("refs/heads/main", commit)
	w := h.mustOpen(commit)
	for path, want := range map[string]string{"README.md": "# Tiny\n", "empty": "", "large": large} {
		got, err := w.ReadFile(t.Context(), path, int64(len(want)))
		if err != nil || string(got) != want {
			t.Errorf("ReadFile(%s) = %d bytes, %v; want %d bytes", path, len(got), err, len(want))
		}
	}
	if _, err := w.ReadFile(t.Context(), "README.md", 6); !errors.Is(err, workspace.ErrTooLarge) {
		t.Errorf("ReadFile over the limit: %v, want ErrTooLarge", err)
	}
}

func TestOpenGivesRandomAccess(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	large := strings.Repeat("0123456789abcdef", 100_000)
	commit := h.one("large", large)
	w := h.mustOpen(commit)
	for range 2 { // the second time from what the first one left
		f, err := w.Open(t.Context(), "large")
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 6)
		if n, err := f.ReadAt(p, 1_500_005); err != nil || string(p[:n]) != "56789a" {
			t.Errorf("ReadAt = %q, %v", p[:n], err)
		}
		if f.Size() != int64(len(large)) {
			t.Errorf("Size() = %d, want %d", f.Size(), len(large))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCloseRemovesTheFolder(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commit := h.one("a", "a")
	dir := filepath.Join(t.TempDir(), "ws")
	w, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Dir = dir })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there (%v)", err)
	}
}

func TestOpenRefusesShortIDs(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	for _, sha := range []string{"", "main", "abc1234", strings.Repeat("A", 40), strings.Repeat("a", 41)} {
		_, err := workspace.Open(t.Context(), workspace.Options{Client: h.client(""), Repo: repoRef, SHA: sha})
		if err == nil || !strings.Contains(err.Error(), "40 hex digits") {
			t.Errorf("Open(%q) = %v, want a refusal", sha, err)
		}
	}
	if n := h.fetches.Load(); n != 0 {
		t.Errorf("%d fetches were made", n)
	}
}

func TestListStopsWithTheContext(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	w := h.mustOpen(h.one("a", "a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range w.List(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("List = %v, want context.Canceled", err)
		}
	}
	if _, err := w.ReadFile(ctx, "a", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadFile = %v, want context.Canceled", err)
	}
}
