package builtin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// aboutPush gives a step about a push to a repository that the bot may write to.
func aboutPush(uses string, with map[string]any) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		repo := h.BotRepo(t, hub.Model, map[string]string{"README.md": "# A model\n", "old.txt": "old"})
		return actionstest.Step{
			Uses: uses, With: with, Event: h.Pushed(t, repo), Files: map[string]string{"t/new.txt": "from a file", "e": ""},
		}
	}
}

// aboutStranger is aboutPush for a repository that the bot may only read.
func aboutStranger(uses string, with map[string]any) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		repo := h.Repo(t, hub.Model, map[string]string{"README.md": "# A model\n"})
		return actionstest.Step{Uses: uses, With: with, Event: h.Pushed(t, repo)}
	}
}

func TestContentActions(t *testing.T) {
	t.Parallel()
	files := map[string]any{
		"message": "Change", "files": map[string]any{"a/b.txt": "b", "README.md": "# A model\n"},
		"files_from": map[string]any{"c.txt": "t/new.txt", "empty": "e"}, "delete": []any{"old.txt", "none.txt"},
	}
	propose := map[string]any{"title": "Change", "body": "Please.", "key": "k", "files": map[string]any{"x.txt": "x"}}
	upload := map[string]any{"path": "copy/README.md", "from_path": "README.md"}
	tests := map[string]struct {
		setup func(testing.TB, *actionstest.Harness) actionstest.Step
		want  map[string]any // of the outputs
	}{
		"commit": {aboutPush("hub.commit", files), map[string]any{
			"changed": true, "files": []any{"a/b.txt", "c.txt", "empty", "old.txt"},
		}},
		"pull request": {aboutStranger("hub.pull_request", propose), map[string]any{
			"pull_request": int64(1), "created": true, "status": "open", "files": []any{"x.txt"},
		}},
		"draft": {
			aboutStranger("hub.pull_request", map[string]any{"title": "Draft", "body": "Later."}),
			map[string]any{"pull_request": int64(1), "status": "draft"},
		},
		"nothing to propose": {
			aboutStranger("hub.pull_request", map[string]any{
				"title": "Same", "body": "x", "files": map[string]any{"README.md": "# A model\n"},
			}),
			map[string]any{"pull_request": int64(0), "created": false},
		},
		"tag":             {aboutPush("hub.tag", map[string]any{"tag": "v1", "message": "One"}), map[string]any{"changed": true}},
		"branch":          {aboutPush("hub.branch", map[string]any{"branch": "side/one"}), map[string]any{"changed": true}},
		"removed nothing": {aboutPush("hub.tag", map[string]any{"tag": "v1", "delete": true}), map[string]any{"changed": false}},
		"upload":          {aboutPush("hub.upload", upload), map[string]any{"changed": true, "size": int64(10)}},
		"visibility": {
			aboutPush("hub.visibility", map[string]any{"visibility": "public"}),
			map[string]any{"changed": false, "before": "public"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := actionstest.Check(t, test.setup)
			for key, want := range test.want {
				if diff := cmp.Diff(want, out[key]); diff != "" {
					t.Errorf("output %s: %s", key, diff)
				}
			}
		})
	}
}

// readFile reads a file of a repository as the user.
func readFile(t *testing.T, h *actionstest.Harness, repo hub.RepoRef, revision, path string) string {
	t.Helper()
	body, err := h.User.Download(t.Context(), repo, revision, path, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPullRequestLivesOn(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutStranger("hub.pull_request", map[string]any{
		"title": "Change", "body": "Please.", "key": "k", "files": map[string]any{"x.txt": "one"},
	})(t, h)
	repo := step.Event.Repo.Ref()
	h.MustRun(t, step)
	step.Key, step.With["files"] = "another run", map[string]any{"x.txt": "two"}
	if out := h.MustRun(t, step); out["pull_request"] != int64(1) || out["created"] != false {
		t.Errorf("outputs %v, want the pull request of before", out)
	}
	if text := readFile(t, h, repo, "refs/pr/1", "x.txt"); text != "two" {
		t.Errorf("the pull request has %q", text)
	}
	if err := h.User.SetDiscussionStatus(t.Context(), repo, 1, "closed", ""); err != nil {
		t.Fatal(err)
	}
	step.With["files"] = map[string]any{"x.txt": "three"}
	if out := h.MustRun(t, step); out["status"] != "closed" || readFile(t, h, repo, "refs/pr/1", "x.txt") != "two" {
		t.Errorf("outputs %v, want the closed one left alone", out)
	}
}

func TestTagMoves(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutPush("hub.tag", map[string]any{"tag": "v1"})(t, h)
	h.MustRun(t, step)
	step.SHA = h.Commit(t, step.Event.Repo.Ref(), map[string]string{"more.txt": "more"})
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "give move: true") {
		t.Errorf("error %v", err)
	}
	step.With["move"] = true
	if out, _ := h.CheckOnce(t, step); out["commit"] != step.SHA {
		t.Errorf("outputs %v, want %s", out, step.SHA)
	}
	step.With = map[string]any{"tag": "v1", "delete": true}
	if out := h.MustRun(t, step); out["changed"] != true {
		t.Errorf("outputs %v", out)
	}
}

func TestVisibilityChanges(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutPush("hub.visibility", map[string]any{"visibility": "private"})(t, h)
	if out := h.CheckDryRun(t, step); out["changed"] != true {
		t.Errorf("outputs %v", out)
	}
	h.MustRun(t, step)
	info, err := h.Bot.RepoInfo(t.Context(), step.Event.Repo.Ref(), "")
	if err != nil || !info.Private {
		t.Errorf("%+v %v, want it private", info, err)
	}
	if out := h.MustRun(t, step); out["changed"] != false || out["before"] != "private" {
		t.Errorf("outputs %v", out)
	}
}

func TestUploadFromAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}))
	t.Cleanup(server.Close)
	setup := aboutPush("hub.upload", map[string]any{"path": "x.txt", "url": server.URL})
	actionstest.Check(t, func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		step := setup(t, h)
		step.Secrets = map[string]string{"authorization": "Bearer s3cret"}
		return step
	})
	h := actionstest.New(t)
	step := setup(t, h)
	if _, err := h.Run(t, step); err == nil || !strings.Contains(err.Error(), "answered 403") {
		t.Errorf("error %v", err)
	}
	step.Secrets = map[string]string{"authorization": "Bearer s3cret"}
	for name, with := range map[string]map[string]any{
		"larger than max_size": {"max_size": int64(99)}, "has the digest": {"sha256": strings.Repeat("0", 64)},
	} {
		with["path"], with["url"] = "x.txt", server.URL
		step.With = with
		if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

func TestHostilePathsAndNames(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/a", "a/", "../a", "a/../b", "./a", ".git/config", "a/.GIT/x", "a\nb", `a\b`, strings.Repeat("a", 1001)} {
		if checkPath(path) == nil {
			t.Errorf("path %q is accepted", path)
		}
	}
	for _, path := range []string{"a", ".gitattributes", "a b/ü.txt", "..a/b"} {
		if err := checkPath(path); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "-x", "a..b", "a//b", "refs/heads/x", "x.lock", "x/", "a b", "a@{1}", "a/.b", "x\n"} {
		if checkRefName("tag", name) == nil {
			t.Errorf("name %q is accepted", name)
		}
	}
}

func TestCommitWithoutPermission(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	step := aboutStranger("hub.commit", map[string]any{"message": "x", "files": map[string]any{"x": "y"}})(t, h)
	_, err := h.Run(t, step)
	if !actions.IsPermanent(err) || !strings.Contains(err.Error(), "permission") {
		t.Errorf("error %v, want a permanent one that names the permission", err)
	}
}
