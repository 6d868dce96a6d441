package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions/actionstest"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{
		"pytorch_model.bin": checkpoint(t, "tied.bin"), "sub/evil.pt": checkpoint(t, "evil_os_system.bin"),
		"x.ckpt": checkpoint(t, "complex128.pt"), "page.bin": "<html>", "notes.txt": "no weights",
	})
	before := h.Snapshot(t, repo)
	out := h.MustRun(t, actionstest.Step{Uses: "model.inspect", Event: event})
	verdicts := map[string]any{
		"pytorch_model.bin": "ok", "sub/evil.pt": "dangerous", "x.ckpt": "unsupported", "page.bin": "not_torch",
	}
	if diff := cmp.Diff(verdicts, out["verdicts"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"sub/evil.pt"}, out["dangerous"]); diff != "" || out["verdict"] != "dangerous" {
		t.Errorf("%v %s", out["verdict"], diff)
	}
	if out["tensors"] != int64(2) || out["bytes"].(int64) <= 0 {
		t.Errorf("%v tensors of %v bytes", out["tensors"], out["bytes"])
	}
	report := out["report"].(string)
	for _, want := range []string{"| `sub/evil.pt` | dangerous | 0 |", "posix.system", "| `pytorch_model.bin` | ok | 2 |"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
		t.Error(diff)
	}
}

func TestInspectSome(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, map[string]string{
		"pytorch_model.bin": checkpoint(t, "tied.bin"), "evil.pt": checkpoint(t, "evil_os_system.bin"),
	})
	step := actionstest.Step{Uses: "model.inspect", Event: event, With: map[string]any{"files": []any{"*.bin"}}}
	if out := h.MustRun(t, step); out["verdict"] != "ok" || len(out["dangerous"].([]any)) != 0 {
		t.Errorf("got %v", out)
	}
	step.With["files"] = []any{"none/**"}
	if out := h.MustRun(t, step); out["verdict"] != "none" || out["report"] != "No PyTorch files.\n" {
		t.Errorf("got %v", out)
	}
}
