package emulator

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestJavaScriptClient uses the official JavaScript client through its whole surface. It needs node and npm, which
// fetches the client at the versions of the lock file.
func TestJavaScriptClient(t *testing.T) {
	t.Parallel()
	dir := installJavaScript(t)
	l := startLocal(t, Options{
		Orgs:      []Org{{Name: "acme", Members: map[string]string{"ann": "admin"}}},
		OAuthApps: []OAuthApp{{ID: "js"}},
		PartSize:  5_000_000, // so that the large file goes in three parts
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "client.mjs")
	node.Dir = dir
	node.Env = append(os.Environ(), "HUB_URL="+l.URL(), "HUB_TOKEN=hf_ann", "HUB_USER=ann", "NO_PROXY=127.0.0.1")
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the client failed: %v", err)
	}
}

// installJavaScript makes a folder with the client's script and all that it imports.
func installJavaScript(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		content, err := os.ReadFile(filepath.Join("testdata", "javascript", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	npm.Env = append(os.Environ(), "npm_config_update_notifier=false", "npm_config_fetch_retries=5")
	if os.Getenv("HOME") == "" {
		npm.Env = append(npm.Env, "HOME="+dir)
	}
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci (it is in the packages nodejs and npm): %v\n%s", err, out)
	}
	return dir
}
