package builtin

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// lfsAttributes make the Hub keep safetensors in its LFS store whatever their size, as it does in new repositories.
const lfsAttributes = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"

// shards are the files of a model in two parts, whose safetensors go to the LFS store.
func shards(t *testing.T) map[string]string {
	t.Helper()
	const one, two = "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"
	return map[string]string{
		".gitattributes": lfsAttributes, one: checkpoint(t, one), two: checkpoint(t, two),
		"pytorch_model.bin.index.json": `{"metadata": {}, "weight_map": {
			"model.embed_tokens.weight": "` + one + `", "lm_head.weight": "` + one + `",
			"model.layers.0.weight": "` + two + `", "model.norm.weight": "` + two + `"}}`,
	}
}

func TestConvertAfterAPersonClosedIt(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")})
	step := actionstest.Step{Uses: "model.convert", Event: event}
	h.MustRun(t, step)
	if err := h.User.SetDiscussionStatus(t.Context(), repo, 1, "closed", "no, thank you"); err != nil {
		t.Fatal(err)
	}
	h.Commit(t, repo, map[string]string{"pytorch_model.bin": checkpoint(t, "dtypes.bin")})
	for _, with := range []map[string]any{nil, {"dtype": "bf16"}} {
		step.Event, step.With = h.Pushed(t, repo), with
		before := h.Snapshot(t, repo)
		out := h.MustRun(t, step)
		want := []any{"demo closed pull request 1, so the bot converts nothing here until it is opened again " +
			"or somebody comments /hfbot start"}
		if diff := cmp.Diff(want, out["skipped"]); diff != "" || out["pull_request"] != int64(0) {
			t.Errorf("%v: %v %s", with, out, diff)
		}
		if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
			t.Error(diff)
		}
	}
	if err := h.User.SetDiscussionStatus(t.Context(), repo, 1, "open", ""); err != nil {
		t.Fatal(err)
	}
	step.With = nil
	if out := h.MustRun(t, step); out["pull_request"] != int64(1) {
		t.Errorf("after it was opened again: %v", out)
	}
}

// TestConvertRenews pushes other weights, for which the open pull request is brought up to date.
func TestConvertRenews(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, shards(t))
	step := actionstest.Step{Uses: "model.convert", Event: event}
	h.MustRun(t, step)
	if _, err := h.User.Commit(t.Context(), repo, hub.CommitInput{Summary: "One file", Files: []hub.CommitFile{
		{Path: "pytorch_model.bin.index.json", Delete: true},
		{Path: "pytorch_model-00001-of-00002.bin", Delete: true},
		{Path: "pytorch_model-00002-of-00002.bin", Delete: true},
		hub.BytesFile("pytorch_model.bin", []byte(checkpoint(t, "tied.bin"))),
	}}); err != nil {
		t.Fatal(err)
	}
	step.Event = h.Pushed(t, repo)
	first, _ := h.CheckOnce(t, step)
	if diff := cmp.Diff([]any{"model.safetensors"}, first["files"]); diff != "" || first["pull_request"] != int64(1) {
		t.Errorf("%v %s", first, diff)
	}
	var weights []string
	for entry, err := range h.User.Tree(t.Context(), repo, "refs/pr/1") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(entry.Path, "safetensors") {
			weights = append(weights, entry.Path)
		}
	}
	if diff := cmp.Diff([]string{"model.safetensors"}, weights); diff != "" {
		t.Errorf("files of the pull request: %s", diff)
	}
	text := pullRequest(t, h, repo, int64(1)).Events[0].Content
	if !endsWith(text, "<!-- hfbot:convert sha="+step.Event.Repo.HeadSHA+" v1 -->") || strings.Contains(text, "00002") {
		t.Errorf("the description is not that of the new commit:\n%s", text)
	}
}

func TestConvertWhereDiscussionsAreDisabled(t *testing.T) {
	t.Parallel()
	tests := map[string]string{"good": "tied.bin", "dangerous": "evil_os_system.bin"}
	for name, file := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, repo, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, file)})
			yes := true
			if err := h.User.UpdateRepo(t.Context(), repo, hub.RepoSettings{DiscussionsDisabled: &yes}); err != nil {
				t.Fatal(err)
			}
			out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event})
			if diff := cmp.Diff([]any{discussionsDisabled}, out["skipped"]); diff != "" || out["pull_request"] != int64(0) {
				t.Errorf("%v %s", out, diff)
			}
		})
	}
}

func TestConvertReportsDanger(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{
		"pytorch_model.bin": checkpoint(t, "tied.bin"), "evil/pytorch_model.bin": checkpoint(t, "evil_os_system.bin"),
	})
	step := actionstest.Step{Uses: "model.convert", Event: event}
	for range 2 {
		_, err := h.Run(t, step)
		if !actions.IsPermanent(err) || !strings.Contains(err.Error(), "evil/pytorch_model.bin: dangerous: ") ||
			!strings.Contains(err.Error(), "reported in discussion 1") {
			t.Fatalf("error %v", err)
		}
	}
	d := pullRequest(t, h, repo, int64(1))
	text := d.Events[0].Content
	if d.IsPullRequest || len(d.Events) != 1 || d.Title != "Weights that run code when they are loaded" {
		t.Errorf("%+v", d)
	}
	for _, want := range []string{"`evil/pytorch_model.bin`", "`posix.system`", event.Repo.HeadSHA, "<!-- hfbot:dangerous files="} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if _, err := h.User.Discussion(t.Context(), repo, 2); !hub.IsNotFound(err) {
		t.Errorf("there is a second discussion or pull request: %v", err)
	}
}

func TestConvertReportsDangerInThePullRequest(t *testing.T) {
	t.Parallel()
	h, repo, _ := withModel(t, map[string]string{})
	event := h.OpenPullRequest(t, repo, "Add weights", map[string]string{
		"pytorch_model.bin": checkpoint(t, "evil_os_system.bin"),
	})
	info, err := h.User.RepoInfo(t.Context(), repo, "refs/pr/1")
	if err != nil {
		t.Fatal(err)
	}
	step := actionstest.Step{Uses: "model.convert", Event: event, SHA: info.SHA}
	for range 2 {
		if _, err := h.Run(t, step); !actions.IsPermanent(err) {
			t.Fatalf("error %v", err)
		}
	}
	comments := 0
	for _, e := range pullRequest(t, h, repo, int64(1)).Events {
		if e.Type == "comment" && strings.Contains(e.Content, dangerMarker) {
			comments++
		}
	}
	if comments != 1 {
		t.Errorf("%d reports, want one", comments)
	}
}

func TestConvertSplitsAndCasts(t *testing.T) {
	t.Parallel()
	files := shards(t)
	files["model.safetensors"] = "there"
	h, repo, event := withModel(t, files)
	step := actionstest.Step{
		Uses: "model.convert", Event: event, With: map[string]any{"dtype": "f16", "max_shard_size": "200B"},
	}
	first, _ := h.CheckOnce(t, step)
	want := []any{
		"model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors", "model.safetensors.index.fp16.json",
	}
	if diff := cmp.Diff(want, first["files"]); diff != "" {
		t.Error(diff)
	}
	text := pullRequest(t, h, repo, first["pull_request"]).Events[0].Content
	for _, want := range []string{"rounded to f16", "--dtype=f16 --max-shard-size=200B"} {
		if !strings.Contains(text, want) {
			t.Errorf("the description lacks %q:\n%s", want, text)
		}
	}
	if content := download(t, h, repo, "refs/pr/1", "model.safetensors"); string(content) != "there" {
		t.Error("the file that was there is replaced")
	}
}

// TestConvertResumes lets a conversion die after its first file is uploaded.
func TestConvertResumes(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, shards(t))
	died := errors.New("died")
	var notes []map[string]any
	step := actionstest.Step{Uses: "model.convert", Event: event, Keep: func(note map[string]any) error {
		notes = append(notes, note)
		return died
	}}
	if _, err := h.Run(t, step); !errors.Is(err, died) || len(notes) != 1 {
		t.Fatalf("error %v, notes %v", err, notes)
	}
	kept := 0
	step.Kept, step.Keep = notes[0], func(map[string]any) error { kept++; return nil }
	out := h.MustRun(t, step)
	if len(out["files"].([]any)) != 3 || out["pull_request"] != int64(1) {
		t.Errorf("got %v", out)
	}
	if kept != 1 {
		t.Errorf("%d files were converted by the second attempt, want 1", kept)
	}
}

// TestConvertOnASmallDisk has no room for the files, which are made twice instead: to be hashed and to be uploaded.
func TestConvertOnASmallDisk(t *testing.T) {
	t.Parallel()
	sums := map[string]map[string]string{}
	for name, free := range map[string]int64{"small": 1000, "large": math.MaxInt64} {
		h, repo, event := withModel(t, shards(t))
		h.Actions = actions.NewRegistry()
		actions.Add(h.Actions, modelConvert{free: func(string) (int64, error) { return free, nil }})
		out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event})
		sums[name] = map[string]string{}
		for _, file := range out["files"].([]any) {
			path := file.(string)
			sums[name][path] = fmt.Sprintf("%x", download(t, h, repo, "refs/pr/1", path))
		}
	}
	if diff := cmp.Diff(sums["large"], sums["small"]); diff != "" || len(sums["small"]) != 3 {
		t.Error(diff)
	}
}

func TestConvertCancelled(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, shards(t))
	h.CheckCancelled(t, actionstest.Step{Uses: "model.convert", Event: event})
}
