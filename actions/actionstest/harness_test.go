package actionstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// toyIn is the inputs of the action that the tests run.
type toyIn struct {
	File string `json:"file" doc:"a file beside the rules"`
}

// toyOut is its outputs.
type toyOut struct {
	Text string `json:"text" doc:"what it saw"`
}

// toy is an action made of a function.
type toy func(ctx context.Context, rt *actions.Runtime, in toyIn) (toyOut, error)

// Spec implements actions.Action.
func (toy) Spec() actions.Spec {
	return actions.Spec{
		ID: "test.toy", Summary: "Do what a test wants.", Effect: actions.HubWrite,
		Secrets: []actions.SecretSpec{{Name: "token", Doc: "a token"}},
	}
}

// Run implements actions.Action.
func (a toy) Run(ctx context.Context, rt *actions.Runtime, in toyIn) (toyOut, error) {
	return a(ctx, rt, in)
}

// withToy is a harness that knows only the toy.
func withToy(t *testing.T, run toy) *Harness {
	t.Helper()
	h := New(t)
	h.Actions = actions.NewRegistry()
	actions.Add(h.Actions, run)
	return h
}

// failures is a testing.TB that keeps errors to itself.
type failures struct {
	testing.TB
	texts []string
}

// Errorf implements testing.TB.
func (f *failures) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func TestRunGivesTheRuntime(t *testing.T) {
	t.Parallel()
	h := withToy(t, func(ctx context.Context, rt *actions.Runtime, in toyIn) (toyOut, error) {
		who, err := rt.Hub.WhoAmI(ctx)
		if err != nil {
			return toyOut{}, err
		}
		content, err := rt.Files(in.File)
		if err != nil {
			return toyOut{}, err
		}
		return toyOut{Text: strings.Join([]string{
			who.Name, rt.Event.Repo.Name, rt.BotName, rt.Ref, rt.Key, string(content), rt.Secret("token").Reveal()[:1],
		}, " ")}, nil
	})
	repo := h.Repo(t, hub.Dataset, map[string]string{"a.txt": "a"})
	step := Step{
		Uses: "test.toy", Event: h.Pushed(t, repo), Files: map[string]string{"hi.md": "hi"},
		With: map[string]any{"file": "hi.md"}, Secrets: map[string]string{"token": "s3cret"},
	}
	got := h.MustRun(t, step)
	want := map[string]any{"text": "hfbot demo/repo-1 hfbot refs/heads/main actionstest hi s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	step.With = map[string]any{"file": "none"}
	if _, err := h.Run(t, step); err == nil || err.Error() != "no file none beside the rules" {
		t.Errorf("error %v", err)
	}
}

func TestRunFindsShownSecrets(t *testing.T) {
	t.Parallel()
	tests := map[string]toy{
		"outputs": func(_ context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
			return toyOut{Text: "token " + rt.Secret("token").Reveal()}, nil
		},
		"error": func(_ context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
			return toyOut{}, errors.New("refused " + rt.Secret("token").Reveal())
		},
		"log": func(_ context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
			rt.Log.Debug("calling", zap.String("with", rt.Secret("token").Reveal()))
			return toyOut{}, nil
		},
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := withToy(t, run)
			f := &failures{TB: t}
			_, _ = h.Run(f, Step{Uses: "test.toy", Secrets: map[string]string{"token": "s3cret"}})
			if diff := cmp.Diff([]string{"test.toy shows the secret token"}, f.texts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChecksFindEffects(t *testing.T) {
	t.Parallel()
	var h *Harness
	h = withToy(t, func(ctx context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
		// Not through rt.Hub, which stops writes in a dry run.
		_, err := h.Bot.Comment(ctx, rt.Event.Repo.Ref(), rt.Event.Discussion.Num, "again")
		return toyOut{}, err
	})
	repo := h.Repo(t, hub.Model, nil)
	step := Step{Uses: "test.toy", Event: h.OpenDiscussion(t, repo, "a question")}
	f := &failures{TB: t}
	h.CheckOnce(f, step)
	h.CheckDryRun(f, step)
	if len(f.texts) != 2 {
		t.Fatalf("failures %q, want a second effect and one in a dry run", f.texts)
	}
	for i, want := range []string{"test.toy has a second effect", "test.toy has an effect in a dry run"} {
		if !strings.Contains(f.texts[i], want) {
			t.Errorf("failure %q, want %q", f.texts[i], want)
		}
	}
}

func TestSnapshotSeesChanges(t *testing.T) {
	t.Parallel()
	h := New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"a.txt": "a"})
	before := h.Snapshot(t, repo)
	if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
		t.Errorf("a snapshot is not stable:\n%s", diff)
	}
	h.Commit(t, repo, map[string]string{"b.txt": "b"})
	committed := h.Snapshot(t, repo)
	if cmp.Equal(before, committed) {
		t.Error("a commit does not show")
	}
	event := h.OpenDiscussion(t, repo, "a question")
	opened := h.Snapshot(t, repo)
	if cmp.Equal(committed, opened) {
		t.Error("a discussion does not show")
	}
	if _, err := h.User.Comment(t.Context(), repo, event.Discussion.Num, "more"); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(opened, h.Snapshot(t, repo)) {
		t.Error("a comment does not show")
	}
}
