package cmd

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hfbot/hfbot/config"
)

// TestConvertChangesNothingWhenAPlaceIsTaken finds a folder where the second result goes before the first takes its place.
func TestConvertChangesNothingWhenAPlaceIsTaken(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("hfbot/testdata/checkpoint/tied.bin")
	if err != nil {
		t.Fatal(err)
	}
	src, dst := t.TempDir(), t.TempDir()
	files := map[string]string{
		filepath.Join(src, "a", "pytorch_model.bin"):           string(data),
		filepath.Join(src, "zz", "pytorch_model.bin"):          string(data),
		filepath.Join(dst, "a", "model.safetensors"):           "the user's",
		filepath.Join(dst, "zz", "model.safetensors", "notes"): "the user's",
	}
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err = runConvert(t.Context(), &config.Config{}, convertOptions{src: src, dst: dst, out: io.Discard, err: io.Discard})
	if err == nil || !strings.Contains(err.Error(), filepath.Join("zz", "model.safetensors")+" is a folder") {
		t.Errorf("error %v", err)
	}
	for name, content := range files {
		if got, err := os.ReadFile(name); err != nil || string(got) != content {
			t.Errorf("%s has changed: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dst); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

// TestConvertClearsWhatARunHasLeft removes what one that was killed was writing, and nothing else.
func TestConvertClearsWhatARunHasLeft(t *testing.T) {
	t.Parallel()
	dst := t.TempDir()
	if err := os.CopyFS(dst, fstest.MapFS{
		workPrefix + "killed/0": {}, workPrefix + "killed.lock": {}, workPrefix + "mine/0": {},
	}); err != nil {
		t.Fatal(err)
	}
	src := "hfbot/testdata/checkpoint/tied.bin"
	to := filepath.Join(dst, "m.safetensors")
	if err := runConvert(t.Context(), &config.Config{}, convertOptions{src: src, dst: to, out: io.Discard, err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(dst)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{workPrefix + "mine", "m.safetensors"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left behind: %v, want %v, %v", left, want, err)
	}
}
