// Package ruletest looks at rule files in tests as an editor does.
package ruletest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
)

// Validator returns what editors do with the JSON Schema of the rules with some actions: it tells what is wrong with a rule
// file, nil when nothing is. What is no YAML, or YAML that JSON cannot hold, is nothing to it.
func Validator(t testing.TB, catalogue *actions.Registry) func(src string) error {
	t.Helper()
	text, err := rule.Schema(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("rules.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(src string) error {
		var content any
		if yaml.Unmarshal([]byte(src), &content) != nil {
			return nil //nolint:nilerr // no YAML is no rule file
		}
		text, err := json.Marshal(content)
		if err != nil {
			return nil //nolint:nilerr // JSON cannot hold it, such as .nan
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
}
