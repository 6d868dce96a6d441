package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// aboutCard gives a step about a push of a card; an empty one is none.
func aboutCard(readme string, with map[string]any) func(testing.TB, *actionstest.Harness) actionstest.Step {
	return func(t testing.TB, h *actionstest.Harness) actionstest.Step {
		files := map[string]string{"config.json": "{}"}
		if readme != "" {
			files["README.md"] = readme
		}
		repo := h.Repo(t, hub.Model, files)
		return actionstest.Step{Uses: "hub.card", With: with, Event: h.Pushed(t, repo)}
	}
}

func TestCard(t *testing.T) {
	t.Parallel()
	with := map[string]any{
		"required": []any{"license", "pipeline_tag"}, "licenses": []any{"mit", "apache-*"}, "languages": []any{"en", "fr"},
		"sections": []any{"Intended uses"}, "min_length": int64(20),
	}
	tests := map[string]struct {
		readme string
		want   []any
	}{
		"a good one": {
			"---\nlicense: mit\npipeline_tag: fill-mask\nlanguage: [en, FR]\n---\n# Model\n\n## Intended Uses ##\nNone at all.\n", []any{},
		},
		"no card": {"", []any{
			"there is no README.md", "`license` is missing", "`pipeline_tag` is missing", "no license is given",
			"no language is given", "the text has 0 characters, fewer than 20", "section `Intended uses` is missing",
		}},
		"a poor one": {
			"---\nlicense: gpl-3.0\nlanguage: 'a`b|c'\npipeline_tag: x\n---\n<!-- ## Intended uses and much more -->\n",
			[]any{
				"license `gpl-3.0` is not one of mit, apache-*", "language `a\uFFFDb\uFFFDc` is not one of en, fr",
				"the text has 0 characters, fewer than 20",
				"section `Intended uses` is missing",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := actionstest.Check(t, aboutCard(test.readme, with))
			if diff := cmp.Diff(test.want, out["problems"]); diff != "" {
				t.Error(diff)
			}
			if out["ok"] != (len(test.want) == 0) || out["total"].(int64)-out["passed"].(int64) != int64(len(test.want)) {
				t.Errorf("outputs %v", out)
			}
			if report := out["report"].(string); strings.Count(report, "\n") != int(out["total"].(int64)) {
				t.Errorf("report\n%s", report)
			}
		})
	}
}

func TestCardProposes(t *testing.T) {
	t.Parallel()
	with := map[string]any{"patch": map[string]any{"license": "mit", "tags": []any{"x"}}, "only_missing": true}
	out := actionstest.Check(t, aboutCard("---\ntags: [kept]\n---\nhello\n", with))
	want := "---\ntags: [kept]\nlicense: mit\n---\nhello\n"
	if diff := cmp.Diff(want, out["content"]); diff != "" || out["changed"] != true {
		t.Errorf("changed %v\n%s", out["changed"], diff)
	}
}
