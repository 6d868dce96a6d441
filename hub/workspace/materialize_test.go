package workspace_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub/workspace"
)

// onDisk reads all that a root holds. Anything but a regular file is shown by its kind.
func onDisk(t *testing.T, root *os.Root) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			files[path] = d.Type().String()
			return nil
		}
		content, err := fs.ReadFile(root.FS(), path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func materialize(t *testing.T, w *workspace.Workspace, opts workspace.MaterializeOptions) map[string]string {
	t.Helper()
	root, err := w.Materialize(t.Context(), opts)
	if err != nil {
		t.Fatalf("Materialize: %v", err)
	}
	defer root.Close()
	return onDisk(t, root)
}

func TestMaterialize(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	const weights = "all the weights"
	pointer, _ := pointerTo(weights)
	h.content["sub/model.bin"] = []byte(weights)
	commit := h.commit(h.mkTree(
		entry{"README.md", filemode.Regular, h.blob("# Tiny\n")},
		entry{"sub", filemode.Dir, h.mkTree(
			entry{"model.bin", filemode.Regular, h.blob(pointer)}, entry{"run.sh", filemode.Executable, h.blob("#!")},
		)},
	))
	h.setRef("refs/heads/main", commit)
	w := h.mustOpen(commit)

	got := materialize(t, w, workspace.MaterializeOptions{Patterns: []string{"*.md", "**/*.sh"}})
	if diff := cmp.Diff(map[string]string{"README.md": "# Tiny\n", "sub/run.sh": "#!"}, got); diff != "" {
		t.Errorf("the chosen files differ (-want +got):\n%s", diff)
	}
	got = materialize(t, w, workspace.MaterializeOptions{})
	want := map[string]string{"README.md": "# Tiny\n", "sub/run.sh": "#!", "sub/model.bin": pointer}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all files differ (-want +got):\n%s", diff)
	}
	other := h.mustOpen(commit)
	got = materialize(t, other, workspace.MaterializeOptions{LFS: true})
	if want["sub/model.bin"] = weights; !maps.Equal(want, got) {
		t.Errorf("with LFS: %v, want %v", got, want)
	}
	root, err := other.Materialize(t.Context(), workspace.MaterializeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if info, err := root.Stat("sub/run.sh"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("run.sh: %v, %v", info.Mode(), err)
	}
	if _, err := w.Materialize(t.Context(), workspace.MaterializeOptions{Patterns: []string{"[a"}}); err == nil {
		t.Error("a broken pattern is taken")
	}
}

func TestMaterializeIsBounded(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	w := h.mustOpen(h.one("a", "0123456789"))
	for limit, want := range map[int64]error{10: nil, 9: workspace.ErrTooLarge} {
		root, err := w.Materialize(t.Context(), workspace.MaterializeOptions{MaxBytes: limit})
		if !errors.Is(err, want) {
			t.Errorf("with at most %d bytes: %v, want %v", limit, err, want)
		}
		if err == nil {
			root.Close()
		}
	}
}

func TestMaterializeLeavesNoHalfFile(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	const weights = "all the weights"
	pointer, _ := pointerTo(weights)
	h.content["w.bin"] = []byte("all the weighty")
	w := h.mustOpen(h.one("w.bin", pointer))
	if _, err := w.Materialize(t.Context(), workspace.MaterializeOptions{LFS: true}); !errors.Is(err, workspace.ErrCorrupt) {
		t.Errorf("Materialize = %v, want ErrCorrupt", err)
	}
	h.content["w.bin"] = []byte(weights)
	if got := materialize(t, w, workspace.MaterializeOptions{LFS: true}); got["w.bin"] != weights {
		t.Errorf("the next time: %q", got["w.bin"])
	}
}

// TestMaterializeOfHostileTrees writes what strangers may commit and looks at everything around the root.
func TestMaterializeOfHostileTrees(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tree func(h *testHub, evil plumbing.Hash) plumbing.Hash
		want []string
	}{
		"links out": {
			func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(
					entry{"abs", filemode.Symlink, h.blob("/etc/passwd")},
					entry{"modules", filemode.Symlink, h.blob(".git")},
					entry{"ok", filemode.Regular, evil},
					entry{"up", filemode.Symlink, h.blob("../../../../etc/passwd")},
				)
			},
			[]string{"ok"},
		},
		"paths out": {
			func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				inner := h.mkTree(entry{"post-checkout", filemode.Executable, evil})
				return h.mkTree(
					entry{"..", filemode.Dir, inner}, entry{"../evil2.txt", filemode.Regular, evil},
					entry{".GIT", filemode.Dir, inner}, entry{".git", filemode.Dir, h.mkTree(entry{"hooks", filemode.Dir, inner})},
					entry{".gitmodules", filemode.Symlink, h.blob("/etc/passwd")}, entry{"git~1", filemode.Dir, inner},
					entry{"ok", filemode.Regular, evil},
				)
			},
			[]string{"ok"},
		},
		"submodules": {
			func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(
					entry{"module", filemode.Submodule, plumbing.NewHash(strings.Repeat("ab", 20))},
					entry{"ok", filemode.Regular, evil},
				)
			},
			[]string{"ok"},
		},
		"names of other systems": {
			func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(
					entry{"a:b", filemode.Regular, evil}, entry{"aux.py", filemode.Regular, evil},
					entry{"back\\slash", filemode.Regular, evil}, entry{"com1.json", filemode.Regular, evil},
					entry{"con.txt", filemode.Regular, evil}, entry{"dot.", filemode.Regular, evil},
					entry{"nul", filemode.Regular, evil}, entry{"prn.sh", filemode.Regular, evil},
					entry{"space ", filemode.Regular, evil},
				)
			},
			[]string{"a:b", "aux.py", "back\\slash", "com1.json", "con.txt", "dot.", "nul", "prn.sh", "space "},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			commit := h.commit(test.tree(h, h.blob("evil")))
			h.setRef("refs/heads/main", commit)
			outside := t.TempDir()
			w, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) {
				o.Dir = filepath.Join(outside, "a", "b", "workspace")
			})
			if err != nil {
				t.Fatal(err)
			}
			got := materialize(t, w, workspace.MaterializeOptions{})
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("files differ (-want +got):\n%s", diff)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			left := 0
			err = filepath.WalkDir(outside, func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					t.Errorf("%s was written outside of the workspace", path)
				}
				left++
				return err
			})
			if err != nil || left == 0 {
				t.Error(err)
			}
		})
	}
}

func TestABombInThePack(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	zeros := strings.Repeat("\x00", 70<<20) // 70 kB in the pack
	commit := h.commit(h.mkTree(entry{"a", filemode.Regular, h.blob("a")}, entry{"zeros", filemode.Regular, h.blob(zeros)}))
	h.setRef("refs/heads/main", commit)
	_, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Source = workspace.SourceGit })
	if !errors.Is(err, workspace.ErrTooLarge) {
		t.Errorf("Open = %v, want ErrTooLarge", err)
	}
}

func TestReadRange(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	const weights = "0123456789"
	pointer, _ := pointerTo(weights)
	h.content["w.bin"] = []byte(weights)
	commit := h.commit(h.mkTree(
		entry{"plain", filemode.Regular, h.blob(weights)}, entry{"w.bin", filemode.Regular, h.blob(pointer)},
	))
	h.setRef("refs/heads/main", commit)
	w := h.mustOpen(commit)
	for _, path := range []string{"plain", "w.bin"} {
		for _, test := range []struct {
			offset int64
			n      int
			want   string
		}{{0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {99, 1, ""}, {3, 0, ""}} {
			got, err := w.ReadRange(t.Context(), path, test.offset, test.n)
			if err != nil || string(got) != test.want {
				t.Errorf("ReadRange(%s, %d, %d) = %q, %v", path, test.offset, test.n, got, err)
			}
		}
		if _, err := w.ReadRange(t.Context(), path, -1, 4); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("ReadRange of %s from -1 = %v", path, err)
		}
	}
}
