package builtin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// callers are the actions that call a server of the author's choice.
func callers(address string) map[string]actionstest.Step {
	secret := map[string]string{"token": "s3cret"}
	return map[string]actionstest.Step{
		"http.request": {With: map[string]any{"url": address}},
		"llm.chat":     {With: map[string]any{"model": "m", "prompt": "p", "base_url": address}},
		"ci.gitlab":    {With: map[string]any{"project": "a/b", "api_url": address}, Secrets: secret},
		"ci.github": {
			With:    map[string]any{"repository": "a/b", "workflow": "w.yml", "ref": "main", "wait": true, "id_input": "i", "api_url": address},
			Secrets: secret,
		},
		"notify.slack":   {With: map[string]any{"text": "t"}, Secrets: map[string]string{"webhook_url": address}},
		"notify.discord": {With: map[string]any{"text": "t"}, Secrets: map[string]string{"webhook_url": address}},
	}
}

// A server that answers without an end, or never, holds no action longer than its time and fills no memory.
func TestServersThatAnswerWithoutAnEnd(t *testing.T) {
	t.Parallel()
	endless := newService(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := strings.Repeat("[", 1<<16); r.Context().Err() == nil; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	h := actionstest.New(t)
	for uses, step := range callers(endless.URL) {
		step.Uses = uses
		_, err := h.Run(t, step) // it returns; whether it succeeds is for the status to say
		if uses != "http.request" && !strings.HasPrefix(uses, "notify.") && err == nil {
			t.Errorf("%s takes it for an answer", uses)
		}
	}
	silent := newService(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for uses, step := range callers(silent.URL) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		rt := webRuntime(secretsOf(step.Secrets))
		if _, err := entry(t, uses).Run(ctx, rt, step.With); err == nil || actions.IsPermanent(err) {
			t.Errorf("%s: %v, want an error that may pass", uses, err)
		}
		cancel()
	}
}

// git runs git in a folder.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// Links are left out of a clone: neither a program nor a scan is led out of it.
func TestLinksInAClone(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(outside, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := actionstest.New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
	clone := t.TempDir()
	git(t, clone, "clone", "-q", strings.Replace(h.Hub.URL(), "://", "://demo:hf_demo@", 1)+"/"+repo.Name, ".")
	for name, target := range map[string]string{"link.txt": outside, "up": "../..", "README.link": "README.md"} {
		if err := os.Symlink(target, filepath.Join(clone, name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, clone, "add", "-A")
	git(t, clone, "-c", "user.name=demo", "-c", "user.email=demo@example.org", "commit", "-qm", "links")
	git(t, clone, "push", "-q", "origin", "HEAD:main")
	step := actionstest.Step{
		Uses: "exec.run", Event: h.Pushed(t, repo),
		With: map[string]any{
			"clone": true, "command": []any{"find", ".", "!", "-name", ".git*", "-type", "f", "-o", "-type", "l"}, "collect": []any{"**"},
		},
	}
	out := h.MustRun(t, step)
	if want := "./README.md\n"; out["stdout"] != want {
		t.Errorf("the program saw %q, want %q", out["stdout"], want)
	}
	if text := fmt.Sprint(out["files"]); strings.Contains(text, "outside") {
		t.Errorf("collected %s", text)
	}
	if out := h.MustRun(t, actionstest.Step{Uses: "repo.scan", Event: step.Event}); out["ok"] != true {
		t.Errorf("scan %v", out)
	}
}

// What strangers wrote is one argument, whatever it begins with or holds; it starts no program of theirs.
func TestArgumentsOfStrangers(t *testing.T) {
	t.Parallel()
	texts := []string{"-rf", "--help", "$(touch x)", "`touch x`", "; touch x", "a\nb", "\u202e", "*", "~", "%s", ""}
	out, err := entry(t, "exec.run").Run(t.Context(), &actions.Runtime{Dir: t.TempDir()}, map[string]any{
		"command": sh(`printf '%s|' "$@"; ls -A`, texts...),
	})
	if want := plainText(strings.Join(texts, "|")) + "|"; err != nil || out["stdout"] != want {
		t.Errorf("%q %v, want %q", out["stdout"], err, want)
	}
	if errs := messages(entry(t, "exec.run").Check(map[string]any{"command": []any{"a\x00b"}})); !strings.Contains(errs, "zero byte") {
		t.Errorf("errors %q", errs)
	}
}
