package builtin

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// changeOfSpace is a step about a pull request of a Space.
func changeOfSpace(t testing.TB, h *actionstest.Harness) actionstest.Step {
	t.Helper()
	repo := h.Repo(t, hub.Space, map[string]string{"README.md": "---\nsdk: static\n---\n", "index.html": "old", "gone.txt": "x"})
	return actionstest.Step{
		Uses: "space.preview", Event: h.OpenPullRequest(t, repo, "a change", map[string]string{"index.html": "new"}),
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	actionstest.Check(t, changeOfSpace)
	h := actionstest.New(t)
	step := changeOfSpace(t, h)
	preview := hub.RepoRef{Type: hub.Space, Name: "hfbot/demo-repo-1-pr-1"}
	out := h.MustRun(t, step)
	if out["space"] != preview.Name || out["changed"] != true || !strings.HasSuffix(out["url"].(string), "/spaces/"+preview.Name) {
		t.Errorf("outputs %v", out)
	}
	info, err := h.Bot.RepoInfo(t.Context(), preview, "")
	if err != nil || !info.Private {
		t.Errorf("the preview is %+v %v", info, err)
	}
	content, err := wholeTree(t.Context(), &actions.Runtime{Hub: h.Bot}, preview, info.SHA)
	if err != nil || string(content["index.html"]) != "new" || string(content["gone.txt"]) != "x" {
		t.Errorf("files %q %v", content, err)
	}
	if out := h.MustRun(t, step); out["changed"] != false {
		t.Errorf("a second time: %v", out)
	}
	step.With = map[string]any{"delete": true}
	for _, want := range []bool{true, false} {
		if out := h.MustRun(t, step); out["changed"] != want {
			t.Errorf("removing: %v, want changed %v", out, want)
		}
	}
	if _, err := h.Bot.RepoInfo(t.Context(), preview, ""); !hub.IsNotFound(err) {
		t.Errorf("the preview is still there: %v", err)
	}
	step = aboutPullRequest("space.preview", nil, map[string]string{"a": "b"})(t, h)
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "is no Space") {
		t.Errorf("error %v", err)
	}
}

func TestPreviewLeavesOtherSpacesAlone(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step, other := changeOfSpace(t, h), hub.RepoRef{Type: hub.Space, Name: "hfbot/demo-repo-1-pr-1"}
	if err := h.Bot.CreateRepo(t.Context(), other, hub.CreateRepoOptions{SpaceSDK: "static"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Bot.Commit(t.Context(), other, hub.CommitInput{
		Summary: "Work of years", Files: []hub.CommitFile{hub.BytesFile("index.html", []byte("mine"))},
	}); err != nil {
		t.Fatal(err)
	}
	for _, remove := range []bool{true, false} {
		step.With = map[string]any{"delete": remove}
		if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "no preview of pull request 1") {
			t.Errorf("another's Space of that name, remove %v: %v", remove, err)
		}
	}
	if content, err := wholeTree(t.Context(), &actions.Runtime{Hub: h.Bot}, other, ""); err != nil || string(content["index.html"]) != "mine" {
		t.Errorf("another's Space: %q %v", content, err)
	}
}
