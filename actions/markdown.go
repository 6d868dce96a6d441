package actions

import (
	"encoding/json"
	"fmt"
	"strings"
)

// effectText says in words what an action changes.
var effectText = map[Effect]string{
	None:     "Reads only.",
	HubWrite: "Writes to the Hub.",
	External: "Reaches other services.",
}

// Words say what must be allowed; empty when that is nothing.
func (a Access) Words() string {
	switch a {
	case WriteAccess:
		return "Needs write access to the repository."
	case WriteUnlessOwn:
		return "Needs write access to the repository, except for discussions and pull requests that the bot opened."
	}
	return ""
}

// Markdown documents all actions, one section each.
func (r *Registry) Markdown() string {
	var b strings.Builder
	b.WriteString("# Actions\n\nWhat a step can do: `uses` names the action, `with` gives its inputs.\n" +
		"This page is generated from the actions themselves; `hfbot actions` prints the same for your own binary.\n\n")
	for _, e := range r.All() {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", e.Spec.ID, strings.ReplaceAll(e.Spec.ID, ".", ""), e.Spec.Summary)
	}
	for _, e := range r.All() {
		b.WriteString("\n" + e.Markdown())
	}
	return b.String()
}

// Markdown documents the action as a section of its own.
func (e *Entry) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n", e.Spec.ID, e.Spec.Summary)
	if e.Spec.Description != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(e.Spec.Description))
	}
	retried := "Not idempotent: a failed step is not tried again unless it is known to have had no effect."
	if e.Spec.Idempotent {
		retried = "Idempotent: a failed step is tried again."
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(strings.Fields(effectText[e.Spec.Effect]+" "+e.Spec.Access.Words()+" "+retried), " "))
	b.WriteString("\n| input | type | default | |\n|---|---|---|---|\n")
	for _, f := range e.Inputs {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, cell(f.kind.String()), f.presence(), f.describe())
	}
	if len(e.Outputs) > 0 {
		b.WriteString("\n| output | type | |\n|---|---|---|\n")
	}
	for _, f := range e.Outputs {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.kind, cell(f.Doc))
	}
	if len(e.Spec.Secrets) > 0 {
		b.WriteString("\n| secret | | |\n|---|---|---|\n")
	}
	for _, s := range e.Spec.Secrets {
		need := "optional"
		if s.Required {
			need = "required"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, need, cell(s.Doc))
	}
	if e.Spec.Example != "" {
		fmt.Fprintf(&b, "\n```yaml\n%s\n```\n", strings.TrimSpace(e.Spec.Example))
	}
	return b.String()
}

// presence is the cell that says whether an input must be given, or its default.
func (f *Field) presence() string {
	switch {
	case f.Required:
		return "required"
	case f.OneOf != "":
		return "one of them"
	case f.Default == nil || f.Default == "":
		return ""
	case f.Type == typeString || f.Type == typeDuration:
		return fmt.Sprintf("`%v`", f.Default)
	}
	text, err := json.Marshal(f.Default)
	if err != nil {
		return cell(err.Error())
	}
	return "`" + string(text) + "`"
}

// describe is the cell that says what an input is.
func (f *Field) describe() string {
	if len(f.Enum) == 0 {
		return cell(f.Doc)
	}
	return cell(f.Doc) + " (`" + strings.Join(f.Enum, "`, `") + "`)"
}

// cell keeps text from breaking a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
