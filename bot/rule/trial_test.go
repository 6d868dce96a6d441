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
		got[r.ID] = r.Trial(rule.Example{})
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

// TestTrialLikeAnExample takes what the rule leaves open from its test.
func TestTrialLikeAnExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, source := range map[string]string{
		"rules.yaml": `version: 1
rules:
  - id: trusted
    on: [discussion.update, discussion.create]
    if: author.name == 'ada'
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: member
    on: {command: {name: /go}}
    if: author.role == 'write'
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: files
    on: repo.content
    repos: {type: dataset}
    if: changed.exists(f, f == 'a.csv')
    steps: [{uses: hub.comment, with: {body: x}}]
  - id: other
    on: repo.create
    steps: [{uses: hub.comment, with: {body: x}}]
`,
		"rules_test.yaml": `tests:
  - name: not matched
    event: {event: {scope: discussion, action: create}, repo: {type: model, name: no/no}}
    expect: {matched: []}
  - name: ada
    event:
      event: {scope: discussion, action: create}
      repo: {type: space, name: acme/app}
      discussion: {title: A fix, isPullRequest: true}
    facts: {author: {name: ada, role: none}}
    expect: {matched: [trusted]}
  - name: member
    event:
      event: {scope: discussion.comment, action: create}
      repo: {type: model, name: acme/tiny}
      discussion: {title: Talk}
      comment: {content: /go now}
    facts: {author: {name: ada, role: write}}
    expect: {matched: [member]}
  - name: files
    event: {event: {scope: repo.content, action: update}, repo: {type: model, name: acme/tiny}}
    facts: {changed: [a.csv]}
    expect: {matched: [files, other]}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths, opts := []string{filepath.Join(dir, "rules.yaml")}, rule.Options{Actions: catalogue()}
	set, problems := rule.Load(paths, opts)
	if set == nil {
		t.Fatal(problems.Text())
	}
	examples := rule.Examples(paths, opts)
	got := map[string]rule.Trial{}
	for _, r := range set.Rules {
		got[r.ID] = r.Trial(examples[r.ID])
	}
	want := map[string]rule.Trial{
		"trusted": {
			RepoType: "space", RepoName: "acme/app", Scope: "discussion", Action: "create", Title: "A fix", PullRequest: true,
			Author: "ada",
		},
		"member": {
			RepoType: "model", RepoName: "acme/tiny", Scope: "discussion.comment", Action: "create", Title: "Talk", Comment: "/go now",
		},
		"files": {
			RepoType: "dataset", RepoName: "acme/tiny", Scope: "repo.content", Action: "update", Ref: "refs/heads/main", Path: "a.csv",
		},
		"other": {RepoType: "model", Scope: "repo", Action: "create"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
