package builtin

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// With a token that may only read, each action that writes to the Hub fails for good, names the permission that the token
// lacks, and what the Hub answered to which request.
func TestMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	const reader = "hf_reader"
	h := actionstest.New(t, func(o *emulator.Options) {
		o.Tokens = append(o.Tokens, emulator.Token{
			User: actionstest.BotName, Token: reader, Role: "fineGrained", Scopes: []string{"read-repos"},
		})
	})
	bot, err := hub.New(h.Hub.URL(), reader)
	if err != nil {
		t.Fatal(err)
	}
	pickle, err := os.ReadFile("testdata/tied.bin")
	if err != nil {
		t.Fatal(err)
	}
	repo := h.BotRepo(t, hub.Model, map[string]string{"README.md": "# A model\n", "pytorch_model.bin": string(pickle)})
	space := h.BotRepo(t, hub.Space, map[string]string{"README.md": "---\nsdk: static\n---\n"})
	question := h.Comment(t, h.OpenDiscussion(t, repo, "a question"), "buy followers")
	change := h.OpenPullRequest(t, repo, "a change", map[string]string{"README.md": "# Another\n"})
	spaceChange := h.OpenPullRequest(t, space, "a change", map[string]string{"index.html": "new"})
	file := newService(t, ok)
	const write, discuss = "repo.write", "discussion.write"
	tests := map[string]struct {
		event *hub.Payload
		with  map[string]any
		want  string
	}{
		"ci.report":        {change, map[string]any{"name": "tests", "state": "success"}, discuss},
		"hf.job":           {change, map[string]any{"image": "python:3.12", "command": []any{"true"}}, "job.write"},
		"hub.branch":       {question, map[string]any{"branch": "b"}, write},
		"hub.close":        {question, nil, discuss},
		"hub.comment":      {question, map[string]any{"body": "Hello."}, discuss},
		"hub.commit":       {question, map[string]any{"files": map[string]any{"a": "b"}, "message": "m"}, write},
		"hub.discussion":   {question, map[string]any{"title": "A title", "body": "b"}, discuss},
		"hub.hide_comment": {question, nil, discuss},
		"hub.merge":        {change, nil, write},
		"hub.pull_request": {question, map[string]any{"title": "A title", "body": "b", "files": map[string]any{"a": "b"}}, ""},
		"hub.rename":       {question, map[string]any{"title": "Another title"}, discuss},
		"hub.stale":        {question, map[string]any{"body": "Still?", "after": "1ns"}, discuss},
		"hub.tag":          {question, map[string]any{"tag": "v1"}, write},
		"hub.upload":       {question, map[string]any{"path": "a", "url": file.URL}, write},
		"hub.visibility":   {question, map[string]any{"visibility": "private"}, write},
		"model.convert":    {h.Pushed(t, repo), nil, ""},
		"space.preview":    {spaceChange, nil, write},
		"space.restart":    {spaceChange, nil, write},
		"space.secret":     {spaceChange, map[string]any{"name": "A"}, write},
		"space.variable":   {spaceChange, map[string]any{"name": "A", "value": "b"}, write},
	}
	for uses, test := range tests {
		rt := &actions.Runtime{
			Event: test.event, Hub: bot, HTTP: file.Client(), BotID: "x", BotName: actionstest.BotName, Key: "k", Dir: t.TempDir(),
			Log: zap.NewNop(), Secrets: map[string]hub.Secret{"value": "v"},
		}
		_, err := entry(t, uses).Run(t.Context(), rt, test.with)
		if !actions.IsPermanent(err) {
			t.Errorf("%s: %v, want an error for good", uses, err)
			continue
		}
		for _, want := range []string{"lacks the permission " + test.want, "403", "[request "} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", uses, err, want)
			}
		}
	}
	for _, e := range actions.Default.All() { // none is forgotten
		if _, tried := tests[e.Spec.ID]; e.Spec.Effect == actions.HubWrite && !tried {
			t.Errorf("%s writes to the Hub and is not tried without permission", e.Spec.ID)
		}
	}
}
