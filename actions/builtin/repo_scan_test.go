package builtin

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// token looks like one of GitHub's; put together here so that no scanner takes this file for a leak.
var token = "ghp_" + "x7Kq2LmZ9pRt4VwY8sBn3DfG6hJc1QaE5uXo"

func TestScan(t *testing.T) {
	t.Parallel()
	evil, err := os.ReadFile("testdata/evil_os_system.bin")
	if err != nil {
		t.Fatal(err)
	}
	tied, err := os.ReadFile("testdata/tied.bin")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"README.md": "hello\n", "a`b.exe": "MZ", "conf/.env": "x=1\nTOKEN=" + token + "\n", "evil.bin": string(evil), "fine.bin": string(tied),
		"big.txt": strings.Repeat("a", 2000), "skip/x.exe": "MZ", "image.dat": "\x00" + token,
	}
	out := actionstest.Check(t, func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		return actionstest.Step{
			Uses: "repo.scan", Event: h.Pushed(t, h.Repo(t, hub.Model, files)),
			With: map[string]any{
				"forbidden": []any{"**/*.exe"}, "max_file_size": int64(1900), "max_total_size": int64(10), "ignore": []any{"skip/**", "*.bin.txt", "fine.bin"},
			},
		}
	})
	var got []string
	for _, finding := range out["findings"].([]any) {
		got = append(got, finding.(string))
		if strings.Contains(finding.(string), token) {
			t.Error("the secret is shown")
		}
	}
	wants := []string{
		"`a\uFFFDb.exe` should not be here", "`big.txt` has 2000 bytes, more than 1900",
		"`conf/.env`, line 2, has what looks like a secret: github-pat", "`evil.bin` would run code when it is loaded: ",
		"the files are",
	}
	if len(got) != len(wants) {
		t.Fatalf("findings %q", got)
	}
	for i, want := range wants {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("finding %q, want %q", got[i], want)
		}
	}
	if out["ok"] != false || out["found"] != int64(5) {
		t.Errorf("outputs %v", out)
	}
}

func TestScanOfChangesOnly(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"old.exe": "MZ"})
	event := h.OpenPullRequest(t, repo, "a change", map[string]string{"new.exe": "MZ"})
	step := actionstest.Step{Uses: "repo.scan", Event: event, With: map[string]any{"forbidden": []any{"*.exe"}, "changed_only": true}}
	info, err := h.User.RepoInfo(t.Context(), repo, "refs/pr/1")
	if err != nil {
		t.Fatal(err)
	}
	step.SHA = info.SHA
	out := h.MustRun(t, step)
	if diff := cmp.Diff([]any{"`new.exe` should not be here"}, out["findings"]); diff != "" {
		t.Error(diff)
	}
}

func TestSecretRules(t *testing.T) {
	t.Parallel()
	set := loadSecretRules()
	if len(set.rules) < 200 {
		t.Errorf("only %d rules", len(set.rules))
	}
	for _, r := range set.rules {
		if r.pattern() == nil || len(r.keywords) == 0 || r.id == "" {
			t.Errorf("rule %q is incomplete", r.id)
		}
	}
	for text, want := range map[string]string{
		"a " + token + " b": "github-pat", "ghp_" + strings.Repeat("a", 36): "", "nothing": "",
		"key = 'hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi" + "'": "huggingface-access-token",
	} {
		got := ""
		if found := set.find([]byte(text)); len(found) > 0 {
			got = found[0].rule
		}
		if got != want {
			t.Errorf("in %q: %q, want %q", text, got, want)
		}
	}
}
