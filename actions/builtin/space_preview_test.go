package builtin

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	setup := func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		repo := h.Repo(t, hub.Space, map[string]string{"README.md": "---\nsdk: static\n---\n", "index.html": "old", "gone.txt": "x"})
		return actionstest.Step{
			Uses: "space.preview", Event: h.OpenPullRequest(t, repo, "a change", map[string]string{"index.html": "new"}),
		}
	}
	actionstest.Check(t, setup)
	h := actionstest.New(t)
	step := setup(t, h)
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
