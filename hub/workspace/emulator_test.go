package workspace_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
	"github.com/hfbot/hfbot/hub/workspace"
)

// TestEverySourceShowsTheSame holds the sources against each other on the local Hub: what is listed, read, read in part
// and written to disk.
func TestEverySourceShowsTheSame(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	client := server.Client("demo")
	repo := hub.RepoRef{Type: hub.Dataset, Name: "demo/reviews"}
	if err := client.CreateRepo(t.Context(), repo, hub.CreateRepoOptions{Private: true}); err != nil {
		t.Fatal(err)
	}
	weights := strings.Repeat("0123456789abcdef", 11<<16) // 11 MiB, which the Hub wants by LFS
	in := hub.CommitInput{Summary: "All", Files: []hub.CommitFile{
		hub.BytesFile("README.md", []byte("# Reviews\n")), hub.BytesFile("data/w.bin", []byte(weights)),
		hub.BytesFile("data/ä b.csv", []byte("a,b\n")),
	}}
	made, err := client.Commit(t.Context(), repo, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Files = []hub.CommitFile{hub.BytesFile("README.md", []byte("# Newer\n"))}
	if _, err := client.Commit(t.Context(), repo, in); err != nil {
		t.Fatal(err)
	}
	_, sum := pointerTo(weights)
	want := []workspace.Entry{
		{Path: "README.md", Size: 10},
		{Path: "data/w.bin", Size: int64(len(weights)), LFS: &workspace.LFS{SHA256: sum, Size: int64(len(weights))}},
		{Path: "data/ä b.csv", Size: 4},
	}
	for _, source := range []workspace.Source{workspace.SourceAuto, workspace.SourceGit, workspace.SourceFiles} {
		t.Run(string(source), func(t *testing.T) {
			t.Parallel()
			open := func(sha string) (*workspace.Workspace, error) {
				return workspace.Open(t.Context(), workspace.Options{
					Client: client, Repo: repo, SHA: sha, Source: source, Dir: filepath.Join(t.TempDir(), "workspace"),
				})
			}
			w, err := open(made.OID)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			var got []workspace.Entry
			for _, e := range list(t, w) {
				if e.Path != ".gitattributes" { // the Hub's own
					got = append(got, e)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("List differs (-want +got):\n%s", diff)
			}
			part, err := w.ReadRange(t.Context(), "data/w.bin", 5<<20+3, 10)
			if err != nil || string(part) != "3456789abc" {
				t.Errorf("a part of w.bin is %q, %v", part, err)
			}
			root, err := w.Materialize(t.Context(), workspace.MaterializeOptions{LFS: true, Patterns: []string{"*.md", "data/*"}})
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			for path, content := range map[string]string{"README.md": "# Reviews\n", "data/w.bin": weights, "data/ä b.csv": "a,b\n"} {
				file, err := root.Open(path)
				if err != nil {
					t.Error(err)
					continue
				}
				if text, err := io.ReadAll(file); err != nil || string(text) != content {
					t.Errorf("%s on disk has %d bytes, %v", path, len(text), err)
				}
				file.Close()
			}
			if _, err := open(strings.Repeat("ab", 20)); !errors.Is(err, workspace.ErrSuperseded) {
				t.Errorf("a commit that is gone: %v, want ErrSuperseded", err)
			}
		})
	}
}
