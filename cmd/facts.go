package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// givenFacts are facts from a file instead of the Hub.
type givenFacts map[string]any

var _ expr.Facts = givenFacts{}

// Fact implements expr.Facts. A fact that is not given is an error: an empty one would decide rules by accident.
func (f givenFacts) Fact(_ context.Context, name string) (any, error) {
	v, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("the fact %s would be looked up on the Hub; give it in --facts", name)
	}
	return v, nil
}

// at gives the same facts for every ref and commit.
func (f givenFacts) at(string, string) expr.Facts { return f }

// parseFacts decodes YAML (or JSON, which is YAML) such as {changed: [model.bin]}.
func parseFacts(text []byte) (givenFacts, error) {
	var facts map[string]any // a named map type would be taken for the maps inside it, too
	if err := yaml.Unmarshal(text, &facts); err != nil {
		return nil, err
	}
	for name, value := range facts {
		if !slices.Contains(expr.FactNames, name) {
			return nil, fmt.Errorf("unknown fact %q; facts: %s", name, strings.Join(expr.FactNames, ", "))
		}
		if list, ok := value.([]any); ok {
			facts[name] = texts(list)
		}
	}
	return facts, nil
}

// texts turns a list of strings into the type that a look-up gives; any other list stays as it is.
func texts(list []any) any {
	out := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return list
		}
		out[i] = s
	}
	return out
}
