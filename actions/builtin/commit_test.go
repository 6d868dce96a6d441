package builtin

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// The payload of an event about a discussion names no commit. What talks about a pull request is about its head.
func TestStepsAboutPullRequestsWorkAtItsHead(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.BotRepo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
	event := h.Comment(t, h.OpenPullRequest(t, repo, "a change", map[string]string{"README.md": "---\nlicense: mit\n---\n# New\n"}), "/check")
	info, err := h.Bot.RepoInfo(t.Context(), repo, "refs/pr/1")
	if err != nil {
		t.Fatal(err)
	}
	if event.Repo.HeadSHA != "" {
		t.Fatal("the event names a commit")
	}
	out := h.MustRun(t, actionstest.Step{
		Uses: "exec.run", Event: event,
		With: map[string]any{"clone": true, "command": []any{"sh", "-c", `cat README.md; echo "$HFBOT_SHA $HFBOT_REF"`}},
	})
	if want := "---\nlicense: mit\n---\n# New\n" + info.SHA + " refs/pr/1\n"; out["stdout"] != want {
		t.Errorf("the program saw %q, want %q", out["stdout"], want)
	}
	if out := h.MustRun(t, actionstest.Step{Uses: "hub.card", Event: event}); out["license"] != "mit" {
		t.Errorf("the card is %v", out["metadata"])
	}
	if out := h.MustRun(t, actionstest.Step{Uses: "hub.tag", Event: event, With: map[string]any{"tag": "v1"}}); out["commit"] != info.SHA {
		t.Errorf("tagged %v, want the head %s", out["commit"], info.SHA)
	}
	h.MustRun(t, actionstest.Step{Uses: "ci.report", Event: event, With: map[string]any{"name": "tests", "state": "success"}})
	written := comments(t, h, repo, 1)
	if last := written[len(written)-1].Content; !strings.Contains(last, "`"+info.SHA[:7]+"`") {
		t.Errorf("the report does not name the commit: %s", last)
	}
}

func TestScanOfWhatChanged(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.BotRepo(t, hub.Model, map[string]string{"old.exe": "MZ"})
	before := h.Pushed(t, repo).Repo.HeadSHA
	h.Commit(t, repo, map[string]string{"new.exe": "MZ"})
	push := h.Pushed(t, repo)
	with := map[string]any{"forbidden": []any{"*.exe"}, "changed_only": true}
	scan := func(name string, event *hub.Payload, want string) {
		t.Helper()
		out := h.MustRun(t, actionstest.Step{Uses: "repo.scan", Event: event, With: with})
		report := out["report"].(string)
		if got := strings.ReplaceAll(strings.ReplaceAll(report, "- ❌ ", ""), " should not be here\n", ";"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	scan("a push of which the commit before is not known", push, "`new.exe`;`old.exe`;")
	push.UpdatedRefs[0].OldSHA = before
	scan("a push to main", push, "`new.exe`;")
	scan("a pull request", h.OpenPullRequest(t, repo, "a change", map[string]string{"theirs.exe": "MZ"}), "`theirs.exe`;")
	scan("a discussion", h.OpenDiscussion(t, repo, "a question"), "`new.exe`;`old.exe`;")
}
