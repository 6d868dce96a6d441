package size

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

func TestSize(t *testing.T) {
	h := actionstest.New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"a.txt": "12345", "b/c.txt": "123", "b/d.bin": "1"})
	step := actionstest.Step{Uses: "acme.size", Event: h.Pushed(t, repo), With: map[string]any{"files": "**/*.txt"}}
	got := h.CheckDryRun(t, step)
	want := map[string]any{"files": int64(2), "bytes": int64(8), "text": "8 bytes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	h.Commit(t, repo, map[string]string{"e.txt": "later"})
	if diff := cmp.Diff(want, h.MustRun(t, step)); diff != "" {
		t.Errorf("the event's commit is not the one counted:\n%s", diff)
	}
}

func TestBadGlob(t *testing.T) {
	e, _ := actions.Default.Get("acme.size")
	want := []actions.InputError{{Message: `acme.size: files: "[" is no glob`}}
	if diff := cmp.Diff(want, e.Check(map[string]any{"files": "["})); diff != "" {
		t.Error(diff)
	}
}

func TestText(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1500: "1.5 kB", 2_000_000_000: "2.0 GB"} {
		if got := text(bytes); got != want {
			t.Errorf("text(%d) = %q, want %q", bytes, got, want)
		}
	}
}
