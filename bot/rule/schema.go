package rule

import (
	"encoding/json"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/actions"
)

// schema is a JSON Schema.
type schema = map[string]any

// word are what may stand where text is read: YAML takes an id such as 123 for a number.
var word = []string{"string", "number", "boolean"}

func textSchema() schema   { return schema{"type": word} }
func boolSchema() schema   { return schema{"type": "boolean"} }
func intSchema() schema    { return schema{"type": "integer", "minimum": 0} }
func numberSchema() schema { return schema{"type": "number"} }
func mapSchema() schema    { return schema{"type": "object"} }
func anySchema() schema    { return schema{} }
func durationSchema() schema {
	return schema{"type": "string", "pattern": `^\+?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$|^[0-9]{1,4}d$`}
}

func conditionSchema() schema {
	return schema{"type": []string{"string", "boolean"}}
}

func textsSchema() schema {
	return schema{"anyOf": []schema{textSchema(), {"type": "array", "items": textSchema()}}}
}

// versionSchema takes 1 and "1".
func versionSchema() schema { return schema{"enum": []any{1, "1"}} }

func enumSchema(values ...string) func() schema {
	return func() schema { return schema{"enum": values} }
}

func patternSchema(p *regexp.Regexp) func() schema {
	return func() schema { return schema{"type": word, "pattern": p.String()} }
}

func listSchema(item func() schema) func() schema {
	return func() schema { return schema{"type": "array", "items": item()} }
}

// objectSchema is the schema of a table of keys; the tables that decode are those that describe.
func objectSchema(keys func() []key) func() schema {
	return func() schema {
		properties := schema{}
		required := []string{}
		for _, k := range keys() {
			s := k.schema()
			s["description"] = k.doc
			properties[k.name] = s
			if k.required {
				required = append(required, k.name)
			}
		}
		s := schema{"type": "object", "additionalProperties": false, "properties": properties}
		if len(required) > 0 {
			s["required"] = required
		}
		return s
	}
}

func onSchema() schema {
	event := objectSchema(func() []key { return triggerKeys(&trigger{}) })()
	command := objectSchema(func() []key { return commandOnKeys(emptyDraft()) })()
	one := []schema{textSchema(), event}
	return schema{"anyOf": []schema{
		textSchema(), event, command, {"type": "array", "minItems": 1, "items": schema{"anyOf": one}},
	}}
}

func tagsSchema() schema {
	return schema{"anyOf": []schema{
		textSchema(),
		{"type": "array", "items": textSchema()},
		objectSchema(func() []key { return tagKeys(&tagFilter{}) })(),
	}}
}

func argsSchema() schema {
	arg := objectSchema(func() []key { return argKeys(&Arg{}) })()
	return schema{"type": "object", "additionalProperties": schema{"anyOf": []schema{arg, {"type": "null"}}}}
}

func ruleSchema() schema {
	return objectSchema(func() []key { return ruleKeys(emptyDraft(), baseDefaults()) })()
}

func stepSchema() schema {
	return objectSchema(func() []key { return stepKeys(&stepDraft{}, &defaults{}) })()
}

// Schema is the JSON Schema (draft 7, which editors know best) of a rules file, with the inputs of the actions given.
// It is made from the tables that decode the file.
func Schema(catalogue *actions.Registry) ([]byte, error) {
	var rules *yaml.Node
	root := objectSchema(func() []key { return fileKeys(&defaults{}, &rules) })()
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "hfbot rules"
	ids := []string{}
	cases := []schema{}
	for _, e := range catalogue.All() {
		ids = append(ids, e.Spec.ID)
		with := e.InputSchema()
		with["description"] = e.Spec.Summary
		uses := schema{"properties": schema{"uses": schema{"const": e.Spec.ID}}, "required": []string{"uses"}}
		cases = append(cases, schema{"if": uses, "then": schema{"properties": schema{"with": with}}})
	}
	step := stepSchema()
	step["properties"].(schema)["uses"] = schema{"enum": ids, "description": "The action."}
	step["allOf"] = cases
	rule := ruleSchema()
	rule["properties"].(schema)["steps"] = schema{
		"type": "array", "minItems": 1, "description": "What to do, in order.", "items": schema{"$ref": "#/definitions/step"},
	}
	root["properties"].(schema)["rules"] = schema{
		"type": "array", "description": "The rules.", "items": schema{"$ref": "#/definitions/rule"},
	}
	root["definitions"] = schema{"rule": rule, "step": step}
	return json.MarshalIndent(root, "", "  ")
}
