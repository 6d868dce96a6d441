package rule_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/rule/ruletest"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	text, err := rule.Schema(catalogue())
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Definitions map[string]struct {
			Properties map[string]struct {
				Description string
				Enum        []string
			}
			Required             []string
			AdditionalProperties bool
			AllOf                []struct {
				Then struct {
					Properties struct {
						With struct{ Properties map[string]any }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	r, step := schema.Definitions["rule"], schema.Definitions["step"]
	for _, name := range []string{
		"id", "on", "repos", "refs", "deleted", "paths", "if", "debounce", "concurrency", "once_per", "rate_limit",
		"breaker", "own_events", "steps",
	} {
		if r.Properties[name].Description == "" {
			t.Errorf("a rule's %q is not described", name)
		}
	}
	if r.AdditionalProperties || !slices.Equal(r.Required, []string{"id", "on", "steps"}) {
		t.Errorf("rule: required %v, more allowed %v", r.Required, r.AdditionalProperties)
	}
	if !slices.Contains(step.Properties["uses"].Enum, "model.convert") || len(step.AllOf) != len(catalogue().All()) {
		t.Errorf("step: uses %v, %d actions", step.Properties["uses"].Enum, len(step.AllOf))
	}
	for _, a := range step.AllOf {
		if len(a.Then.Properties.With.Properties) == 0 {
			t.Error("an action has no inputs")
		}
	}
}

// TestSchemaTakesGoodFiles: an editor must not underline what the bot takes.
func TestSchemaTakesGoodFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.y*ml")
	if err != nil {
		t.Fatal(err)
	}
	validate := ruletest.Validator(t, catalogue())
	const word = "{id: 1, on: {command: {name: /c, help: 5, args: {n: {type: int, enum: [1, 2], default: 1}}}}, " +
		"repos: {owner: 123, private: true}, once_per: true, concurrency: {group: 1}, debounce: {key: 5, wait: +1.5h}, if: true, " +
		"steps: [{uses: hub.comment, with: {body: x}, timeout: 7d, retry: {factor: 1.5}}]}"
	src := "version: \"1\"\nrules:\n  - " + word + "\n"
	if set, problems := rule.Load([]string{write(t, src)}, options()); set == nil {
		t.Error(problems.Text())
	}
	if err := validate(src); err != nil {
		t.Error(err)
	}
	good := 0
	for _, name := range files {
		if set, _ := rule.Load([]string{name}, options()); set == nil {
			continue
		}
		good++
		if err := validate(read(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if good < 3 {
		t.Errorf("only %d of %d files are rules", good, len(files))
	}
}

// TestSchemaFindsMistakes: what an editor can see without knowing expressions, it shows.
func TestSchemaFindsMistakes(t *testing.T) {
	t.Parallel()
	validate := ruletest.Validator(t, catalogue())
	const whole = `version: 1
rules:
  - id: a
    on: repo.content
    repos: {type: model}
    debounce: {key: repo.id, wait: 60s}
    steps:
      - uses: model.convert
        with: {to: safetensors, shards: 2}
        retry: {max: 3}
`
	if err := validate(whole); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"version: 1":             "version: 2",
		"id: a":                  "id: A!",
		"on: repo.content":       "on: {scope: repo, action: explode}",
		"    on: repo.content\n": "",
		"repos:":                 "repo:",
		"wait: 60s":              "wait: soon",
		"key: repo.id, ":         "",
		"model.convert":          "model.konvert",
		"to: safetensors":        "to: onnx",
		"shards: 2":              "shards: two",
		"shards":                 "chards",
		"{max: 3}":               "{max: many}",
		"retry":                  "retries",
	} {
		src := strings.Replace(whole, from, to, 1)
		if src == whole {
			t.Fatalf("%q is not there", from)
		}
		if err := validate(src); err == nil {
			t.Errorf("%q instead of %q passes", to, from)
		}
		if set, _ := rule.Load([]string{write(t, src)}, options()); set != nil {
			t.Errorf("%q instead of %q loads", to, from)
		}
	}
}
