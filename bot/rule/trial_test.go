package rule_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

func TestTrial(t *testing.T) {
	t.Parallel()
	const source = `version: 1
rules:
  - id: push
    on: repo.content.update
    repos: {type: dataset, name: "acme/train-*", tags: {all: ["license:*"], any: [a, b]}}
    paths: {any: ["**/*.{bin,pt}"]}
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: welcome
    on: discussion.create
    if: discussion.isPullRequest
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: only-talk
    on: discussion.create
    if: "!discussion.isPullRequest"
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: command
    on: {command: {name: /go, args: {mode: {enum: [fast, slow], required: true}, note: {}}}}
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: new
    on: repo.create
    repos: {private: true}
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: tag
    on: repo.content
    refs: refs/tags/v*
    steps: [{uses: hub.comment, with: {body: x}}]
`
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Load([]string{path}, rule.Options{Actions: catalogue()})
	if set == nil {
		t.Fatal(problems.Text())
	}
	got := map[string]rule.Trial{}
	for _, r := range set.Rules {
		got[r.ID] = r.Trial()
	}
	want := map[string]rule.Trial{
		"push": {
			RepoType: "dataset", RepoName: "acme/train-example", Tags: []string{"license:example", "a"},
			Scope: "repo.content", Action: "update", Ref: "refs/heads/main", Path: "pytorch_model.bin",
		},
		"welcome":   {RepoType: "model", Scope: "discussion", Action: "create", PullRequest: true},
		"only-talk": {RepoType: "model", Scope: "discussion", Action: "create"},
		"command":   {RepoType: "model", Scope: "discussion.comment", Action: "create", Comment: "/go mode=fast"},
		"new":       {RepoType: "model", Scope: "repo", Action: "create", Private: true},
		"tag":       {RepoType: "model", Scope: "repo.content", Ref: "refs/tags/vexample"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
