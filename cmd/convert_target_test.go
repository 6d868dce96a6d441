package cmd

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// TestConvertClearsWhatItMade leaves alone what only looks like the left-overs of a run, and does not wait for it.
func TestConvertClearsWhatItMade(t *testing.T) {
	t.Parallel()
	dst, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "made")
	for _, name := range []string{"mine", "link", "folder", "killed"} {
		if err := os.MkdirAll(filepath.Join(dst, workPrefix+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(dst, workPrefix+"mine", "data"), nil, 0o600),
		os.Symlink(elsewhere, filepath.Join(dst, workPrefix+"link", "lock")),
		os.Mkdir(filepath.Join(dst, workPrefix+"folder", "lock"), 0o755),
		os.WriteFile(filepath.Join(dst, workPrefix+"killed", "lock"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	src := "hfbot/testdata/checkpoint/tied.bin"
	to := filepath.Join(dst, "m.safetensors")
	if err := runConvert(t.Context(), &config.Config{}, convertOptions{src: src, dst: to, out: io.Discard, err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	for name, stays := range map[string]bool{
		workPrefix + "mine/data": true, workPrefix + "link/lock": true, workPrefix + "folder/lock": true, workPrefix + "killed": false,
	} {
		if _, err := os.Lstat(filepath.Join(dst, name)); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %t", name, err, stays)
		}
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("a file was made where a link led to")
	}
}
