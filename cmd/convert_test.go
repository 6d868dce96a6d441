package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestConvertRepository converts what a repository held at a commit, after main moved on.
func TestConvertRepository(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Options{Users: []emulator.User{{Name: "demo", Token: "hf_demo"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, repo := server.Client("demo"), hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := client.CreateRepo(t.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("hfbot/testdata/checkpoint/tied.bin")
	if err != nil {
		t.Fatal(err)
	}
	first, err := client.Commit(t.Context(), repo, hub.CommitInput{Summary: "Add weights", Files: []hub.CommitFile{
		hub.BytesFile("sub/pytorch_model.bin", data), hub.BytesFile("sub/model.safetensors", []byte("not ours")),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Commit(t.Context(), repo, hub.CommitInput{Summary: "Remove them", Files: []hub.CommitFile{
		{Path: "sub/pytorch_model.bin", Delete: true},
	}}); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Endpoint: server.URL(), Token: "hf_demo"}
	dst := filepath.Join(t.TempDir(), "out")
	var out bytes.Buffer
	o := convertOptions{src: "demo/tiny@" + first.OID, dst: dst, out: &out, err: io.Discard}
	o.format.value = formatJSON
	if err := runConvert(t.Context(), cfg, o); err != nil {
		t.Fatal(err)
	}
	var result converted
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dst, "sub", "model.safetensors"))
	if err != nil || len(result.Files) != 1 || int64(len(written)) != result.Files[0].Bytes || result.Verdict != convert.OK {
		t.Errorf("%d bytes, %v, %+v", len(written), err, result)
	}
	out.Reset()
	if err := runInspect(t.Context(), cfg, &out, inspectOptions{src: o.src, hash: true, format: o.format, err: o.err}); err != nil {
		t.Fatal(err)
	}
	var seen inspection
	if err := json.Unmarshal(out.Bytes(), &seen); err != nil || len(seen.Tensors) != 2 || len(seen.Tensors[0].SHA256) != 64 {
		t.Errorf("%v, %+v", err, seen)
	}
	o.src = "demo/tiny@main"
	if err := runConvert(t.Context(), cfg, o); err == nil || !strings.Contains(err.Error(), "no PyTorch weights") {
		t.Errorf("on main: %v", err)
	}
	o.src = "demo/gone@main"
	if err := runConvert(t.Context(), cfg, o); !hub.IsNotFound(err) {
		t.Errorf("of no repository: %v", err)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := printable("a\x1b[2J\nb\u202e", 20); got != "a\uFFFD[2J\uFFFDb\uFFFD" {
		t.Errorf("%q", got)
	}
	if got := printable("abcdef", 3); got != "ab…" {
		t.Errorf("%q", got)
	}
}

// TestConvertedNamesDoNotSteerTheTerminal shows what a stranger called files as one line each.
func TestConvertedNamesDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	const name = "m\x1b[2J\n.bin"
	var out, errs bytes.Buffer
	err := showConverted(convertOptions{out: &out, err: &errs}, converted{
		Verdict: convert.OK, Skipped: map[string]string{name: "why\x07"}, Files: []convertedFile{{Path: name, Warnings: []string{"w"}}},
	})
	if err != nil {
		t.Error(err)
	}
	shown := out.String() + errs.String()
	if strings.Count(shown, "m�[2J�.bin: ") != 3 || strings.Count(shown, "\n") != 3 || strings.ContainsAny(shown, "\x1b\x07") {
		t.Errorf("shown as %q", shown)
	}
}
