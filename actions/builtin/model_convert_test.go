package builtin

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/hub"
)

// checkpoint is a file of testdata.
func checkpoint(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// withModel is a local Hub with a model, and the event of its push.
func withModel(t *testing.T, files map[string]string) (*actionstest.Harness, hub.RepoRef, *hub.Payload) {
	t.Helper()
	h := actionstest.New(t)
	files["README.md"] = "# A model\n"
	repo := h.Repo(t, hub.Model, files)
	event := h.Pushed(t, repo)
	return h, repo, event
}

// download reads a file at a revision.
func download(t *testing.T, h *actionstest.Harness, repo hub.RepoRef, revision, path string) []byte {
	t.Helper()
	r, err := h.User.Download(t.Context(), repo, revision, path, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// pullRequest reads a pull request.
func pullRequest(t *testing.T, h *actionstest.Harness, repo hub.RepoRef, num any) *hub.Discussion {
	t.Helper()
	n, _ := num.(int64)
	d, err := h.User.Discussion(t.Context(), repo, int(n))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConvertOpensOnePullRequest(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")})
	step := actionstest.Step{Uses: "model.convert", Event: event, With: map[string]any{"to": "safetensors"}}
	dry := h.CheckDryRun(t, step)
	want := map[string]any{
		"pull_request": int64(0), "url": "", "files": []any{"model.safetensors"}, "skipped": []any{},
	}
	if diff := cmp.Diff(want, dry); diff != "" {
		t.Errorf("dry run: %s", diff)
	}
	first, second := h.CheckOnce(t, step)
	want["pull_request"], want["url"] = int64(1), h.Bot.RepoURL(repo)+"/discussions/1"
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	want["skipped"] = []any{"pull request 1 has this conversion already"}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Error(diff)
	}
	content := download(t, h, repo, "refs/pr/1", "model.safetensors")
	header, err := safetensors.Parse(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(header.Tensors) != 2 {
		t.Errorf("header %+v, %v, want two tensors", header, err)
	}
	checkDescription(t, pullRequest(t, h, repo, first["pull_request"]), event.Repo.HeadSHA)
}

// checkDescription checks what the pull request tells its reader.
func checkDescription(t *testing.T, pr *hub.Discussion, sha string) {
	t.Helper()
	got := []string{pr.Title, pr.Author, pr.Status}
	want := []string{"Adding `safetensors` variant of this model", actionstest.BotName, "open"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	text := pr.Events[0].Content
	for _, want := range []string{
		"| `model.safetensors` | `pytorch_model.bin` | 2 |", "`lm_head.weight = model.embed_tokens.weight`",
		"torch._utils._rebuild_tensor_v2", "hfbot convert demo/repo-1@" + sha,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the description lacks %q:\n%s", want, text)
		}
	}
	if !endsWith(text, "<!-- hfbot:convert sha="+sha+" v1 -->") {
		t.Errorf("the description does not end with the marker:\n%s", text)
	}
}

func TestConvertVariantsHavePullRequestsOfTheirOwn(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")})
	step := actionstest.Step{Uses: "model.convert", Event: event}
	h.MustRun(t, step)
	step.With = map[string]any{"shared": "duplicate", "title": "Weights, twice"}
	first, second := h.CheckOnce(t, step)
	if first["pull_request"] != int64(2) || second["pull_request"] != int64(2) {
		t.Errorf("first %v, second %v, want pull request 2", first, second)
	}
	if pr := pullRequest(t, h, repo, int64(2)); pr.Title != "Weights, twice" {
		t.Errorf("title %q", pr.Title)
	}
}

func TestConvertShards(t *testing.T) {
	t.Parallel()
	const one, two = "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"
	h, repo, event := withModel(t, map[string]string{
		one: checkpoint(t, one), two: checkpoint(t, two),
		"pytorch_model.bin.index.json": `{"metadata": {"total_size": 9, "kind": "test"}, "weight_map": {
			"model.embed_tokens.weight": "` + one + `", "lm_head.weight": "` + one + `",
			"model.layers.0.weight": "` + two + `", "model.norm.weight": "` + two + `"}}`,
	})
	out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event})
	files := []any{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"}
	if diff := cmp.Diff(files, out["files"]); diff != "" {
		t.Error(diff)
	}
	var index map[string]any
	if err := json.Unmarshal(download(t, h, repo, "refs/pr/1", "model.safetensors.index.json"), &index); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"metadata": map[string]any{"total_size": float64(4 * (16*8 + 8*8 + 8)), "kind": "test"},
		"weight_map": map[string]any{
			"model.embed_tokens.weight": files[0], "model.layers.0.weight": files[1], "model.norm.weight": files[1],
		},
	}
	if diff := cmp.Diff(want, index); diff != "" {
		t.Error(diff)
	}
}

func TestConvertLeavesAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		with  map[string]any
		want  string // in one of skipped
	}{
		{"nothing to convert", map[string]string{}, nil, "the repository holds no PyTorch weights"},
		{
			"converted already",
			map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin"), "model.safetensors": "there"},
			nil, "pytorch_model.bin: ",
		},
		{
			"not asked for",
			map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")},
			map[string]any{"files": []any{"other/*.bin"}},
			"no PyTorch weights match other/*.bin",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, repo, event := withModel(t, test.files)
			before := h.Snapshot(t, repo)
			out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event, With: test.with})
			if out["pull_request"] != int64(0) || len(out["files"].([]any)) != 0 {
				t.Errorf("got %v", out)
			}
			if skipped := out["skipped"].([]any); len(skipped) != 1 || !strings.Contains(skipped[0].(string), test.want) {
				t.Errorf("skipped %v, want %q", skipped, test.want)
			}
			if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	const shard = "pytorch_model-00001-of-00001.bin"
	good := checkpoint(t, "tied.bin")
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"a bad shard", map[string]string{shard: "<html>", "pytorch_model.bin.index.json": index(shard, "w")}, "not_torch: "},
		{"a bad index", map[string]string{shard: good, "pytorch_model.bin.index.json": "no JSON"}, "index.json: malformed: "},
		{"unsupported", map[string]string{"model.pt": checkpoint(t, "complex128.pt")}, "model.pt: unsupported: "},
		{"no checkpoint", map[string]string{"pytorch_model.bin": "<html>"}, "pytorch_model.bin: not_torch: "},
		{
			"index that lies",
			map[string]string{shard: good, "pytorch_model.bin.index.json": index(shard, "other")},
			"pytorch_model.bin.index.json: malformed: shard " + shard + " holds",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, repo, event := withModel(t, test.files)
			before := h.Snapshot(t, repo)
			_, err := h.Run(t, actionstest.Step{Uses: "model.convert", Event: event})
			if !actions.IsPermanent(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a permanent one with %q", err, test.want)
			}
			if diff := cmp.Diff(before, h.Snapshot(t, repo)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// index is the index of one shard with one tensor.
func index(shard, tensor string) string { return `{"weight_map": {"` + tensor + `": "` + shard + `"}}` }

func TestConvertGoesOnWithoutTheUnsupported(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, map[string]string{
		"pytorch_model.bin": checkpoint(t, "dtypes.bin"), "extra.pt": checkpoint(t, "complex128.pt"),
	})
	out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event})
	if diff := cmp.Diff([]any{"model.safetensors"}, out["files"]); diff != "" {
		t.Error(diff)
	}
	skipped := out["skipped"].([]any)
	if len(skipped) != 1 || !strings.HasPrefix(skipped[0].(string), "extra.pt: unsupported: ") {
		t.Errorf("skipped %v", skipped)
	}
}

func TestConvertSuperseded(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")})
	h.Commit(t, repo, map[string]string{"README.md": "# Changed\n"})
	_, err := h.Run(t, actionstest.Step{Uses: "model.convert", Event: event})
	if !actions.IsPermanent(err) || !strings.Contains(err.Error(), "superseded: commit "+event.Repo.HeadSHA) {
		t.Errorf("error %v, want superseded", err)
	}
}

func TestConvertElsewhere(t *testing.T) {
	t.Parallel()
	h, repo, event := withModel(t, map[string]string{"sub/pytorch_model.bin": checkpoint(t, "tied.bin")})
	other := h.Repo(t, hub.Model, map[string]string{"README.md": "# Nothing here\n"})
	step := actionstest.Step{
		Uses: "model.convert", Event: h.Pushed(t, other),
		With: map[string]any{"repo": repo.Name, "files": []any{"sub/**"}},
	}
	before := h.Snapshot(t, other)
	out := h.MustRun(t, step)
	if diff := cmp.Diff([]any{"sub/model.safetensors"}, out["files"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, h.Snapshot(t, other)); diff != "" {
		t.Error(diff)
	}
	text := pullRequest(t, h, repo, out["pull_request"]).Events[0].Content
	if !strings.Contains(text, "<!-- hfbot:convert sha="+event.Repo.HeadSHA+" v1 variant=") {
		t.Errorf("the marker does not tell the head of the repository and the inputs:\n%s", text)
	}
}

func TestConvertOnPullRequest(t *testing.T) {
	t.Parallel()
	h, repo, _ := withModel(t, map[string]string{})
	proposed, err := h.User.Commit(t.Context(), repo, hub.CommitInput{
		Summary: "Add weights", CreatePR: true,
		Files: []hub.CommitFile{hub.BytesFile("pytorch_model.bin", []byte(checkpoint(t, "tied.bin")))},
	})
	if err != nil {
		t.Fatal(err)
	}
	event := h.Pushed(t, repo)
	event.UpdatedRefs = nil
	event.Discussion = &hub.PayloadDiscussion{Num: proposed.PullRequestNum, IsPullRequest: true}
	step := actionstest.Step{Uses: "model.convert", Event: event, SHA: proposed.OID}
	first, _ := h.CheckOnce(t, step)
	if first["pull_request"] != int64(2) {
		t.Fatalf("got %v, want pull request 2", first)
	}
	if content := download(t, h, repo, "refs/pr/2", "pytorch_model.bin"); string(content) != checkpoint(t, "tied.bin") {
		t.Error("the new pull request does not build on the one commented on")
	}
}

func TestConvertHeedsGitignore(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, map[string]string{
		".gitignore": "sub/\n", "pytorch_model.bin": checkpoint(t, "tied.bin"),
		"sub/pytorch_model.bin": checkpoint(t, "tied.bin"),
	})
	out := h.MustRun(t, actionstest.Step{Uses: "model.convert", Event: event})
	want := map[string]any{
		"pull_request": int64(1), "url": out["url"], "files": []any{"model.safetensors"},
		"skipped": []any{"sub/model.safetensors: the repository's .gitignore names it"},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
}

func TestConvertOfCommitThatIsGone(t *testing.T) {
	t.Parallel()
	h, _, event := withModel(t, map[string]string{"pytorch_model.bin": checkpoint(t, "tied.bin")})
	step := actionstest.Step{Uses: "model.convert", Event: event, SHA: strings.Repeat("ab", 20)}
	_, err := h.Run(t, step)
	if !actions.IsPermanent(err) || !strings.Contains(err.Error(), "superseded: commit abab") {
		t.Errorf("error %v, want superseded", err)
	}
}

func TestConvertChecksInputs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		with map[string]any
		want string
	}{
		{map[string]any{"to": "gguf"}, "to must be one of safetensors"},
		{map[string]any{"dtype": "f8"}, "dtype must be one of keep, bf16, f16"},
		{map[string]any{"files": []any{"["}}, `files: "[" is no glob`},
		{map[string]any{"title": "x"}, "title must have 3 to 200 characters"},
		{map[string]any{"max_shard_size": "5 apples"}, `max_shard_size: "5 apples" is no size`},
	}
	for _, test := range tests {
		if got := messages(entry(t, "model.convert").Check(test.with)); !strings.Contains(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.with, got, test.want)
		}
	}
}
