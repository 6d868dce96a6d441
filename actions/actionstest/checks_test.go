package actionstest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// once is an idempotent toy.
type once struct{ toy }

// Spec implements actions.Action.
func (o once) Spec() actions.Spec {
	spec := o.toy.Spec()
	spec.Idempotent = true
	return spec
}

// commentOnce comments unless there is a comment already.
func commentOnce(ctx context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
	repo, num := rt.Event.Repo.Ref(), rt.Event.Discussion.Num
	d, err := rt.Hub.Discussion(ctx, repo, num)
	if err != nil || len(d.Events) > 1 || rt.DryRun {
		return toyOut{}, err
	}
	_, err = rt.Hub.Comment(ctx, repo, num, "once")
	return toyOut{Text: "done"}, err
}

// withDiscussion gives a step that is about a discussion to a toy.
func withDiscussion(run toy) func(t testing.TB, h *Harness) Step {
	return func(t testing.TB, h *Harness) Step {
		h.Actions = actions.NewRegistry()
		actions.Add(h.Actions, once{run})
		repo := h.Repo(t, hub.Model, nil)
		return Step{
			Uses: "test.toy", Event: h.OpenDiscussion(t, repo, "a question"), Secrets: map[string]string{"token": "s3cret"},
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if out := Check(t, withDiscussion(commentOnce)); out["text"] != "done" {
		t.Errorf("outputs %v", out)
	}
}

func TestCutOffFindsASecondEffect(t *testing.T) {
	t.Parallel()
	h := New(t)
	step := withDiscussion(func(ctx context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
		_, err := rt.Hub.Comment(ctx, rt.Event.Repo.Ref(), rt.Event.Discussion.Num, "again")
		return toyOut{}, err
	})(t, h)
	if !h.runCutOff(t, step, 1) {
		t.Error("the first call was not cut off")
	}
	if n := strings.Count(strings.Join(h.state(t), "\n"), `"again"`); n != 2 {
		t.Errorf("%d comments, want the one whose answer was lost and another", n)
	}
	if h.runCutOff(t, step, 9) {
		t.Error("there is no ninth call")
	}
}

func TestCheckCancelledFindsFaults(t *testing.T) {
	t.Parallel()
	h := New(t)
	step := withDiscussion(func(_ context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
		_, err := rt.Hub.Comment(t.Context(), rt.Event.Repo.Ref(), rt.Event.Discussion.Num, "deaf")
		if err != nil {
			return toyOut{}, err
		}
		return toyOut{}, actions.Permanent(context.Canceled)
	})(t, h)
	f := &failures{TB: t}
	h.CheckCancelled(f, step)
	if len(f.texts) != 2 || !strings.Contains(f.texts[0], "permanent") || !strings.Contains(f.texts[1], "has an effect") {
		t.Errorf("failures %q", f.texts)
	}
}

func TestDryRunFindsCallsOutside(t *testing.T) {
	t.Parallel()
	h := New(t)
	step := withDiscussion(func(ctx context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Hub.URL()+"/hook?token=x", nil)
		if err != nil {
			return toyOut{}, err
		}
		resp, err := rt.HTTP.Do(req)
		if err != nil {
			return toyOut{}, err
		}
		return toyOut{}, resp.Body.Close()
	})(t, h)
	f := &failures{TB: t}
	h.CheckDryRun(f, step)
	if len(f.texts) != 1 || !strings.Contains(f.texts[0], "POST "+h.Hub.URL()+"/hook") {
		t.Errorf("failures %q", f.texts)
	}
}

func TestSecretsOnTheHubAreFound(t *testing.T) {
	t.Parallel()
	h := New(t)
	step := withDiscussion(func(ctx context.Context, rt *actions.Runtime, _ toyIn) (toyOut, error) {
		_, err := rt.Hub.Comment(ctx, rt.Event.Repo.Ref(), rt.Event.Discussion.Num, rt.Secret("token").Reveal())
		return toyOut{}, err
	})(t, h)
	h.MustRun(t, step)
	f := &failures{TB: t}
	h.checkSecrets(f, step)
	if len(f.texts) != 1 || !strings.Contains(f.texts[0], "writes the secret token to the Hub") {
		t.Errorf("failures %q", f.texts)
	}
}

func TestAnonymousHidesWhatDiffers(t *testing.T) {
	t.Parallel()
	const sha, id = "0123456789abcdef0123456789abcdef01234567", "0123456789abcdef01234568"
	got := anonymous([]string{"main " + sha, "comment " + id + " at `0123456`", "file a 0123456789ab"})
	want := []string{"main ID", "comment ID at `ID`", "file a ID789ab"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
