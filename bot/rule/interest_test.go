package rule_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

func TestInterest(t *testing.T) {
	t.Parallel()
	const step = "    steps: [{uses: hub.comment, with: {body: x}}]\n"
	for name, tc := range map[string]struct {
		rules string
		want  rule.Interest
	}{
		"open": {
			"  - id: a\n    on: discussion.create\n" + step,
			rule.Interest{Domains: []string{"discussion"}, Open: []string{"a"}},
		},
		"a namespace and a repository of it": {
			"  - id: a\n    on: repo.content\n    repos: {name: [acme/*, acme/tiny, other/one]}\n" + step,
			rule.Interest{Domains: []string{"repo"}, Repos: []rule.Repo{{Name: "other/one"}}, Namespaces: []string{"acme"}},
		},
		"types of one repository": {
			"  - id: a\n    on: [discussion, repo.config]\n    repos: {type: [model, dataset], name: acme/tiny}\n" + step,
			rule.Interest{
				Domains: []string{"discussion", "repo"},
				Repos:   []rule.Repo{{"dataset", "acme/tiny"}, {"model", "acme/tiny"}},
			},
		},
		"owners by name, ids are not to be watched": {
			"  - id: a\n    on: discussion\n    repos: {owner: [acme, 66079b8b2e56b3db420f616b]}\n" + step +
				"  - id: b\n    on: discussion\n    repos: {owner: 66079b8b2e56b3db420f616b}\n" + step,
			rule.Interest{Domains: []string{"discussion"}, Namespaces: []string{"acme"}, Open: []string{"b"}},
		},
		"any namespace": {
			"  - id: a\n    on: discussion\n    repos: {name: \"*/tiny\", not_name: acme/x}\n" + step,
			rule.Interest{Domains: []string{"discussion"}, Open: []string{"a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "rules.yaml")
			if err := os.WriteFile(path, []byte("version: 1\nrules:\n"+tc.rules), 0o600); err != nil {
				t.Fatal(err)
			}
			set, problems := rule.Load([]string{path}, rule.Options{Actions: catalogue()})
			if set == nil {
				t.Fatal(problems.Text())
			}
			if diff := cmp.Diff(tc.want, set.Interest()); diff != "" {
				t.Errorf("interest (-want +got):\n%s", diff)
			}
		})
	}
}
