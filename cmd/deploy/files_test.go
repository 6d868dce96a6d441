package deploy

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder makes a folder of files by their paths.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReadFolder wants state, secrets and links to stay here.
func TestReadFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"rules.yaml": "version: 1\n", "README.md": "mine", "prompts/ask.md": "?", "actions/greet.go": "package actions",
		"data/hfbot.db": "state", "deep/data/x": "state", "hfbot.db": "state", "hfbot.db-wal": "state",
		"hfbot.db.uploads/r/u.json": "state", "hfbot-work-1/s": "state", ".env": "HF_TOKEN=x", "prod.env": "HF_TOKEN=x",
		"hfbot-1a2b3c4d.uploads/r/u.json": "state",
		"tls.key":                         "secret", ".git/config": "x", ".github/workflows/check.yml": "x", "run.log": "x", "node_modules/a/b.js": "x",
	})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	files, err := readFolder(dir, "my-bot")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Dockerfile", "README.md", "actions/greet.go", "hfbot.yaml", "prompts/ask.md", "rules.yaml"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if string(files["README.md"]) != "mine" {
		t.Errorf("the folder's own README.md became %q", files["README.md"])
	}
}

func TestReadFolderRefuses(t *testing.T) {
	t.Parallel()
	for want, dir := range map[string]string{
		"no rules.yaml at the top": folder(t, map[string]string{"bot/rules.yaml": "version: 1\n"}),
		"larger than 4 MiB":        folder(t, map[string]string{"rules.yaml": "", "weights.bin": strings.Repeat("x", maxFileBytes+1)}),
		"read the bot's folder":    filepath.Join(t.TempDir(), "nothing"),
	} {
		if _, err := readFolder(dir, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestBlobID(t *testing.T) {
	t.Parallel()
	const hello = "ce013625030ba8dba906f756967f9e9ca394464a" // printf 'hello\n' | git hash-object --stdin
	if got := blobID([]byte("hello\n")); got != hello {
		t.Errorf("%s, want %s", got, hello)
	}
}

func TestGuessHost(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"acme-lab/my-bot": "acme-lab-my-bot.hf.space", "Acme/My_Bot.2": "acme-my-bot-2.hf.space", "acme/-x-": "acme-x.hf.space",
	} {
		if got := guessHost(name); got != want {
			t.Errorf("guessHost(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestMarkTellsSecretsApartAndNotWhatTheyAre(t *testing.T) {
	t.Parallel()
	d := &deployment{}
	seen := map[string]bool{}
	for _, mark := range []string{d.mark("A", "hush"), d.mark("A", "other"), d.mark("B", "hush")} {
		if seen[mark] || strings.Contains(mark, "hush") {
			t.Errorf("mark %q", mark)
		}
		seen[mark] = true
	}
	if mark := d.mark("A", "hush"); !seen[mark] {
		t.Errorf("the same secret has another mark, %q", mark)
	}
}
