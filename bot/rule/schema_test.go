package rule_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
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
