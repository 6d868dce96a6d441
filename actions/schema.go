package actions

// templatePattern matches text that holds an expression, which may stand for a value of any type.
const templatePattern = `\$\{\{`

// InputSchema is the JSON Schema of the action's `with` block, for editors. A value that is no string may also be
// written as a template.
func (e *Entry) InputSchema() map[string]any {
	properties := map[string]any{}
	required := []string{}
	groups := map[string][]any{}
	var order []string
	for i := range e.Inputs {
		f := &e.Inputs[i]
		properties[f.Name] = f.schema()
		if f.Required {
			required = append(required, f.Name)
		}
		if f.OneOf != "" {
			if groups[f.OneOf] == nil {
				order = append(order, f.OneOf)
			}
			groups[f.OneOf] = append(groups[f.OneOf], map[string]any{"required": []string{f.Name}})
		}
	}
	schema := map[string]any{
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	var all []any
	for _, g := range order {
		all = append(all, map[string]any{"oneOf": groups[g]})
	}
	if all != nil {
		schema["allOf"] = all
	}
	return schema
}

// schema is the JSON Schema of one input.
func (f *Field) schema() map[string]any {
	s := orTemplate(f.kind, f.Enum)
	s["description"] = f.Doc
	if f.Default != nil {
		s["default"] = f.Default
	}
	return s
}

// orTemplate is the schema of a kind or, where text is not allowed anyway, of a template.
func orTemplate(k *kind, enum []string) map[string]any {
	s := k.schema(enum)
	if k.name == typeAny || k.name == typeDuration || k.name == typeString && len(enum) == 0 {
		return s
	}
	return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": templatePattern}}}
}

// schema is the JSON Schema of a kind.
func (k *kind) schema(enum []string) map[string]any {
	switch k.name {
	case typeString, typeDuration:
		s := map[string]any{"type": "string"}
		if len(enum) > 0 {
			s["enum"] = enum
		}
		return s
	case typeInt:
		return map[string]any{"type": "integer"}
	case typeFloat:
		return map[string]any{"type": "number"}
	case typeBool:
		return map[string]any{"type": "boolean"}
	case typeList:
		return map[string]any{"type": "array", "items": orTemplate(k.elem, enum)}
	case typeMap:
		return map[string]any{"type": "object", "additionalProperties": orTemplate(k.elem, enum)}
	}
	return map[string]any{}
}
