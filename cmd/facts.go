package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
)

// givenFacts are facts from a file, which go before what the Hub says.
type givenFacts map[string]any

// explainFacts are the facts of one ref and commit: those given, then those of the Hub.
type explainFacts struct {
	given givenFacts
	hub   expr.Facts // nil: no Hub is configured
}

var _ expr.Facts = explainFacts{}

// Fact implements expr.Facts. A fact that nobody tells is an error: an empty one would decide rules by accident.
func (f explainFacts) Fact(ctx context.Context, name string) (any, error) {
	if v, ok := f.given[name]; ok {
		return v, nil
	}
	if f.hub == nil {
		return nil, fmt.Errorf("a bot would look %s up on the Hub; give it (--facts FILE with a line such as %s), "+
			"or let the Hub be asked (HF_TOKEN or --endpoint)", name, factExamples[name])
	}
	return f.hub.Fact(ctx, name)
}

// factExamples show how each fact is written.
var factExamples = map[string]string{
	"tags":       "`tags: [pytorch]`",
	"commit":     "`commit: {title: Upload weights, authors: [ada]}`",
	"author":     "`author: {name: ada, role: write}`",
	"changed":    "`changed: [model.bin]`",
	"card":       "`card: {license: mit}`",
	"files":      "`files: [README.md, model.bin]`",
	expr.FactSHA: "`sha: 5f3c0e0d`",
}

// parseFacts decodes YAML (or JSON, which is YAML) such as {changed: [model.bin]}.
func parseFacts(text []byte) (givenFacts, error) {
	var facts map[string]any // a named map type would be taken for the maps inside it, too
	decode := yaml.Unmarshal
	if json.Valid(text) { // nearly YAML, but for what JSON writes as pairs, such as "\ud83e\udd17"
		decode = json.Unmarshal
	}
	if err := decode(text, &facts); err != nil {
		return nil, err
	}
	for name, value := range facts {
		if name != expr.FactSHA && !slices.Contains(expr.FactNames, name) {
			return nil, fmt.Errorf("unknown fact %q; facts: %s", name, strings.Join(append([]string{expr.FactSHA}, expr.FactNames...), ", "))
		}
		if err := expr.CheckFact(name, value); err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
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
