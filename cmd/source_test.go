package cmd

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenSource(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const content = "a checkpoint"
	local := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(local, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(local))))
	defer server.Close()
	for _, name := range []string{local, server.URL + "/model.bin"} {
		src, err := openSource(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, src.size-2)
		if _, err := src.ReadAt(got, 2); err != nil || string(got) != content[2:] {
			t.Errorf("%s: read %q, %v; want %q", name, got, err, content[2:])
		}
		if err := src.close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left behind: %v, %v", left, err)
	}
	for name, want := range map[string]string{
		filepath.Dir(local): "not a regular file", server.URL + "/gone.bin": "404", "http://127.0.0.1:1/x": "fetch",
	} {
		if _, err := openSource(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("openSource(%s) = %v, want an error with %q", name, err, want)
		}
	}
}
