package expr

import (
	"slices"

	"cel.dev/cel-go/cel"
)

// StepsRecord is the type of steps: Issue.Record when an expression names a step that is not defined before it.
const StepsRecord = "Steps"

// Names of record types. They are what error messages call a value, so they are the field's own words.
const (
	typeEvent   = "Payload"
	typeVars    = "Vars"
	typeCommand = "Command"
	typeArgs    = "Args"
	typeConfig  = "UpdatedConfig"
)

var (
	text    = cel.StringType
	texts   = cel.ListType(cel.StringType)
	integer = cel.IntType
	boolean = cel.BoolType
)

func recordType(name string) *cel.Type       { return cel.ObjectType(name) }
func recordList(name string) *cel.Type       { return cel.ListType(cel.ObjectType(name)) }
func textFields(names ...string) (f []field) { return typedFields(text, names) }

func typedFields(t *cel.Type, names []string) []field {
	fields := make([]field, 0, len(names))
	for _, n := range names {
		fields = append(fields, field{n, t})
	}
	return fields
}

// payloadVariables are the top-level keys of a payload, as https://huggingface.co/docs/hub/webhooks spells them.
var payloadVariables = []field{
	{"event", recordType("Event")},
	{"repo", recordType("Repo")},
	{"discussion", recordType("Discussion")},
	{"comment", recordType("Comment")},
	{"updatedRefs", recordList("UpdatedRef")},
	{"updatedConfig", recordType(typeConfig)},
	{"updatedFiles", recordList("UpdatedFile")},
	{"movedTo", recordType("MovedTo")},
	{"webhook", recordType("Webhook")},
}

// contextVariables come from the engine rather than from the payload. vars, command and steps are typed for each rule.
var contextVariables = []field{
	{"ref", text},
	{"sha", text},
	{"delivery", recordType("Delivery")},
	{"vars", recordType(typeVars)},
	{"command", recordType(typeCommand)},
	{"steps", recordType(StepsRecord)},
}

// factVariables are the lazy facts, in the order of FactNames.
var factVariables = []field{
	{"tags", texts},
	{"commit", recordType("Commit")},
	{"author", recordType("Author")},
	{"changed", texts},
	{"card", recordType("Card")},
	{"files", texts},
}

// baseRecords are the types that all rules share.
func baseRecords() []*record {
	config := newRecord(typeConfig, field{"private", boolean})
	config.open = true
	return []*record{
		newRecord("Event", textFields("action", "scope")...),
		newRecord("Owner", textFields("id")...),
		newRecord("URL", textFields("web", "api")...),
		newRecord("Repo",
			field{"type", text}, field{"name", text}, field{"id", text}, field{"private", boolean},
			field{"subdomain", text}, field{"headSha", text}, field{"tags", texts},
			field{"owner", recordType("Owner")}, field{"url", recordType("URL")}),
		newRecord("Discussion",
			field{"id", text}, field{"title", text}, field{"url", recordType("URL")}, field{"status", text},
			field{"author", recordType("Owner")}, field{"num", integer}, field{"isPullRequest", boolean},
			field{"changes", recordType("Changes")}, field{"pinned", boolean}),
		newRecord("Changes",
			field{"base", text}, field{"mergeCommitId", text}, field{"headCommitId", text}, field{"refDeleted", boolean}),
		newRecord("Comment",
			field{"id", text}, field{"author", recordType("Owner")}, field{"content", text}, field{"hidden", boolean},
			field{"url", recordType("URL")}),
		newRecord("UpdatedRef", textFields("ref", "oldSha", "newSha")...),
		config,
		newRecord("UpdatedFile", append(textFields("path", "action", "xetHash"), field{"size", integer})...),
		newRecord("MovedTo", field{"name", text}, field{"owner", recordType("Owner")}),
		newRecord("Webhook", field{"id", text}, field{"version", integer}),
		newRecord("Delivery", textFields("id")...),
		newRecord("Commit",
			field{"id", text}, field{"title", text}, field{"message", text}, field{"authors", texts},
			field{"date", cel.TimestampType}),
		newRecord("Author", append(textFields("id", "name", "type", "role"), field{"isBot", boolean})...),
		cardRecord(),
		newRecord(typeEvent, slices.Concat(payloadVariables, contextVariables)...),
	}
}

// cardRecord types the keys that nearly every model card has; all others are dynamic.
func cardRecord() *record {
	r := newRecord("Card", append(
		textFields("license", "library_name", "pipeline_tag", "pretty_name"),
		typedFields(texts, []string{"tags", "language", "datasets", "base_model", "task_categories"})...)...)
	r.open = true
	return r
}
