package workspace_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub/workspace"
)

func TestHostileTrees(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tree func(h *testHub, evil plumbing.Hash) plumbing.Hash
		want []string
		err  error
	}{
		"names that lead out": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(
					entry{"..", filemode.Regular, evil}, entry{"../evil", filemode.Regular, evil},
					entry{".", filemode.Regular, evil}, entry{"/etc/passwd", filemode.Regular, evil},
					entry{"a/b", filemode.Regular, evil}, entry{"ok", filemode.Regular, evil},
				)
			},
			want: []string{"ok"},
		},
		"folders that lead out": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				inner := h.mkTree(entry{"config", filemode.Regular, evil})
				return h.mkTree(
					entry{"..", filemode.Dir, inner}, entry{".GIT", filemode.Dir, inner}, entry{".git", filemode.Dir, inner},
					entry{"git~1", filemode.Dir, inner}, entry{"ok", filemode.Dir, inner},
				)
			},
			want: []string{"ok/config"},
		},
		"names that are odd but fine": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				var entries []entry
				for _, name := range []string{".gitignore", "...", "a:b", "aux.py", "back\\slash", "trailing ", "ünï"} {
					entries = append(entries, entry{name, filemode.Regular, evil})
				}
				return h.mkTree(entries...)
			},
			want: []string{"...", ".gitignore", "a:b", "aux.py", "back\\slash", "trailing ", "ünï"},
		},
		"two files of one name": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(entry{"a", filemode.Regular, h.blob("a")}, entry{"a", filemode.Regular, evil})
			},
			err: workspace.ErrMalformed,
		},
		"a link and a folder of one name": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				inner := h.mkTree(entry{"post-checkout", filemode.Executable, evil})
				return h.mkTree(entry{"a", filemode.Symlink, h.blob(".git/hooks")}, entry{"a", filemode.Dir, inner})
			},
			err: workspace.ErrMalformed,
		},
		"a bomb of folders": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				tree := h.mkTree(entry{"f", filemode.Regular, evil})
				for range 9 {
					var entries []entry
					for i := range 10 {
						entries = append(entries, entry{fmt.Sprint(i), filemode.Dir, tree})
					}
					tree = h.mkTree(entries...)
				}
				return tree
			},
			err: workspace.ErrTooLarge,
		},
		"folders without end": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				tree := h.mkTree(entry{"f", filemode.Regular, evil})
				for range 300 {
					tree = h.mkTree(entry{"d", filemode.Dir, tree})
				}
				return tree
			},
			err: workspace.ErrTooLarge,
		},
		"a path without end": {
			tree: func(h *testHub, evil plumbing.Hash) plumbing.Hash {
				return h.mkTree(entry{strings.Repeat("x", 5000), filemode.Regular, evil})
			},
			err: workspace.ErrTooLarge,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			commit := h.commit(test.tree(h, h.blob("evil")))
			h.setRef("refs/heads/main", commit)
			w, err := h.open(t.Context(), commit.String(), nil)
			if !errors.Is(err, test.err) {
				t.Fatalf("Open = %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			var got []string
			for _, entry := range list(t, w) {
				got = append(got, entry.Path)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("files differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTreeLimit(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	inner := h.mkTree(entry{"b", filemode.Regular, h.blob("b")})
	commit := h.commit(h.mkTree(entry{"a", filemode.Dir, inner}, entry{"c", filemode.Regular, h.blob("c")}))
	h.setRef("refs/heads/main", commit)
	for limit, want := range map[int]error{3: nil, 2: workspace.ErrTooLarge} {
		_, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Limits.Files = limit })
		if !errors.Is(err, want) {
			t.Errorf("with a limit of %d: Open = %v, want %v", limit, err, want)
		}
	}
}
