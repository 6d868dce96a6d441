package workspace_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

func TestSources(t *testing.T) {
	t.Parallel()
	many := []string{"README.md", "b", "c", "d", "e", "f"}
	tests := map[string]struct {
		options workspace.Options
		fetches int32 // of packs
		want    []string
	}{
		"all":                {workspace.Options{}, 1, []string{"README.md", "sub/b"}},
		"all by git":         {workspace.Options{Source: workspace.SourceGit}, 1, []string{"README.md", "sub/b"}},
		"all by files":       {workspace.Options{Source: workspace.SourceFiles}, 0, []string{"README.md", "sub/b"}},
		"one path":           {workspace.Options{Paths: []string{"README.md"}}, 0, []string{"README.md"}},
		"no such path":       {workspace.Options{Paths: []string{"gone"}}, 0, nil},
		"one path by git":    {workspace.Options{Source: workspace.SourceGit, Paths: many[:1]}, 1, []string{"README.md"}},
		"many paths":         {workspace.Options{Paths: many}, 1, []string{"README.md"}},
		"more paths by file": {workspace.Options{Source: workspace.SourceFiles, Paths: many}, 0, []string{"README.md"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHub(t, "")
			readme := h.blob("# Tiny\n")
			commit := h.commit(h.mkTree(
				entry{"README.md", filemode.Regular, readme},
				entry{"sub", filemode.Dir, h.mkTree(entry{"b", filemode.Regular, h.blob("b")})},
			))
			h.setRef("refs/heads/main", commit)
			h.content["README.md"] = []byte("# Tiny\n")
			h.tree = []hub.TreeEntry{
				{Type: "file", Path: "README.md", Size: 7, OID: readme.String()}, {Type: "file", Path: "sub/b", Size: 1},
			}
			w, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) {
				o.Source, o.Paths = test.options.Source, test.options.Paths
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range list(t, w) {
				got = append(got, e.Path)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("files differ (-want +got):\n%s", diff)
			}
			if fetches := h.fetches.Load(); fetches != test.fetches {
				t.Errorf("%d fetches by git, want %d", fetches, test.fetches)
			}
			if len(got) > 0 {
				if text, err := w.ReadFile(t.Context(), "README.md", 10); err != nil || string(text) != "# Tiny\n" {
					t.Errorf("README.md is %q, %v", text, err)
				}
			}
		})
	}
}

func TestAGoneCommitIsSupersededByEverySource(t *testing.T) {
	t.Parallel()
	gone := strings.Repeat("12", 20)
	for _, options := range []workspace.Options{
		{}, {Source: workspace.SourceGit}, {Source: workspace.SourceFiles}, {Paths: []string{"README.md"}},
	} {
		h := newTestHub(t, "")
		h.one("a", "a")
		_, err := h.open(t.Context(), gone, func(o *workspace.Options) {
			o.Source, o.Paths, o.Ref = options.Source, options.Paths, "refs/heads/main"
		})
		if !errors.Is(err, workspace.ErrSuperseded) {
			t.Errorf("source %q, paths %v: Open = %v, want ErrSuperseded", options.Source, options.Paths, err)
		}
	}
}

func TestAFailureIsNotSuperseded(t *testing.T) {
	t.Parallel()
	h := newTestHub(t, "")
	commit := h.one("a", "a")
	h.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "broken", http.StatusForbidden)
		return true
	}
	_, err := h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Source = workspace.SourceGit })
	if err == nil || errors.Is(err, workspace.ErrSuperseded) {
		t.Errorf("Open = %v, want another error than ErrSuperseded", err)
	}
	_, err = h.open(t.Context(), commit.String(), func(o *workspace.Options) { o.Source = "svn" })
	if err == nil || !strings.Contains(err.Error(), "no source") {
		t.Errorf("Open with the source svn = %v", err)
	}
}
