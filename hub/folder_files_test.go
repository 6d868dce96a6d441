package hub_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestFolderFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "A", "sub/b.txt": "bb", ".git/config": "secret", "sub/.gitattributes": ""} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	files, err := hub.FolderFiles(os.DirFS(dir), "docs")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil || content.Close() != nil || int64(len(text)) != f.Size {
			t.Errorf("%s: %d bytes, size %d, %v", f.Path, len(text), f.Size, err)
		}
		got[f.Path] = string(text)
	}
	want := map[string]string{"docs/a.txt": "A", "docs/sub/b.txt": "bb", "docs/sub/.gitattributes": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := hub.FolderFiles(os.DirFS(filepath.Join(dir, "none")), ""); err == nil {
		t.Error("a folder that is not there is read")
	}
}
