package rule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

const spoken = `version: 1
rules:
  # A comment before.
  - id: first
    on: repo.content.update
    repos: {type: model, name: [acme/*, lab/x], not_name: acme/old-*, owner: acme, private: false, tags: [pytorch]}
    paths: {any: ["**/*.bin"], none: ["docs/**"]}
    if: size(changed) < 10
    debounce: {key: repo.id, wait: 1m, max: 10m}
    concurrency: {group: one, on_conflict: skip}
    once_per: [sha]
    rate_limit: {key: repo.id, max: 2, per: 1h}
    breaker: {max: 9, per: 1h}
    dry_run: true
    steps: [{uses: hub.comment, with: {body: hi}}]

  # A comment between.
  - id: second
    on: {command: {name: /go}}
    steps: [{uses: hub.comment, with: {body: hi}}]
  - id: third
    on: [discussion.create, some.thing.new]
    steps: [{uses: hub.comment, with: {body: hi}}]
# The end.
`

func TestWords(t *testing.T) {
	t.Parallel()
	set := load(t, write(t, spoken))
	got := []rule.Words{}
	for _, r := range set.Rules {
		got = append(got, r.Words())
	}
	want := []rule.Words{
		{
			When: "files change",
			Where: []string{
				"in a model", "named acme/* or lab/x", "not named acme/old-*", "of acme", "public ones only",
				"tagged all of pytorch", "on refs/heads/main",
			},
			If: []string{"a changed path in **/*.bin; no changed path in docs/**", "size(changed) < 10"},
			Limits: []string{
				"a dry run: the steps read, and write nothing", "waits for 1m of quiet, at most 10m", "once only for the same values of once_per",
				"one run of its group at a time (skip)", "at most 2 runs of a key in 1h",
				"stops after 9 runs on one repository in 1h",
			},
			Names: []string{"acme/*", "lab/x"},
		},
		{When: "somebody writes /go in a comment"},
		{When: "a discussion or pull request is opened, or the event some.thing.new happens"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first, last := set.Rules[0], set.Rules[2]
	if first.Line != 4 || len(first.Source) != 12 || first.Source[0] != "  - id: first" || first.Source[11] != "    steps: [{uses: hub.comment, with: {body: hi}}]" {
		t.Errorf("the first rule, line %d: %q", first.Line, first.Source)
	}
	if diff := cmp.Diff([]string{"  - id: third", "    on: [discussion.create, some.thing.new]", "    steps: [{uses: hub.comment, with: {body: hi}}]"}, last.Source); diff != "" {
		t.Errorf("the last rule:\n%s", diff)
	}
}
