package expr

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/operators"

	"github.com/hfbot/hfbot/internal/near"
)

// Issue is one mistake in an expression.
type Issue struct {
	Offset  int // where, in code points from the start of the text given
	Message string
	Syntax  bool   // the expression cannot be parsed
	Field   string // the field that is missing, and ...
	Record  string // ... the type that lacks it, such as "Steps"; empty for other mistakes
}

// Issues is all that is wrong with an expression. It is an error.
type Issues []Issue

func (is Issues) Error() string {
	messages := make([]string, len(is))
	for i, issue := range is {
		messages[i] = issue.Message
	}
	return strings.Join(messages, "; ")
}

// shift moves all issues right by n code points.
func (is Issues) shift(n int) Issues {
	for i := range is {
		is[i].Offset += n
	}
	return is
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noField    = regexp.MustCompile(`^undefined field '([^']*)'`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'`)
	noSelect   = regexp.MustCompile(`^type '([^']*)' does not support field selection`)
	// follows is what the parser says because of a mistake before.
	follows   = regexp.MustCompile(`'<EOF>'|^error recovery|^Syntax error: extraneous input`)
	syntax    = regexp.MustCompile(`^Syntax error: (.*)`)
	tooDeep   = regexp.MustCompile(`recursion (limit|depth) exceeded`)
	notClosed = regexp.MustCompile(`^token recognition error at: '(['"])`)
)

// translate turns CEL's errors into issues, in the words of the language.
func (e *Env) translate(src string, issues *cel.Issues) Issues {
	runes := []rune(src)
	list := make(Issues, 0, len(issues.Errors()))
	for _, err := range issues.Errors() {
		if len(list) > 0 && follows.MatchString(err.Message) {
			continue // it only follows from the mistake before it
		}
		at := offset(runes, err.Location)
		list = append(list, e.reword(runes, at, err.Message))
	}
	return list
}

// offset turns CEL's location (line from 1, column from 0) into code points from the start.
func offset(src []rune, loc common.Location) int {
	at := 0
	for line := 1; line < loc.Line() && at < len(src); at++ {
		if src[at] == '\n' {
			line++
		}
	}
	return min(at+max(loc.Column(), 0), len(src))
}

func (e *Env) reword(src []rune, at int, message string) Issue {
	issue := Issue{Offset: at, Message: message}
	if m := noField.FindStringSubmatch(message); m != nil {
		e.missingField(&issue, src, m[1])
	} else if m := undeclared.FindStringSubmatch(message); m != nil {
		e.unknownName(&issue, src, m[1])
	} else if m := noOverload.FindStringSubmatch(message); m != nil {
		issue.Message = overloadMessage(m[1], m[2], src, at)
	} else if m := noSelect.FindStringSubmatch(message); m != nil {
		issue.Offset = afterDot(src, at)
		issue.Message = fmt.Sprintf("a %s has no fields", m[1])
	} else if m := syntax.FindStringSubmatch(message); m != nil {
		issue.Syntax, issue.Message = true, "syntax error: "+syntaxMessage(m[1])
	} else if tooDeep.MatchString(message) {
		issue.Message = "the expression is nested too deeply; cut it into several conditions joined by &&"
	} else if strings.HasPrefix(message, "error recovery") {
		issue.Syntax, issue.Message = true, "syntax error: the expression cannot be read"
	}
	return issue
}

// missingField says which fields there are. CEL points at the dot before the field.
func (e *Env) missingField(issue *Issue, src []rune, name string) {
	issue.Offset = afterDot(src, issue.Offset)
	issue.Field = name
	issue.Message = fmt.Sprintf("undefined field '%s'", name)
	r, ok := e.types.missed(name)
	if !ok {
		return
	}
	issue.Record = r.name
	switch id, isOutput := strings.CutPrefix(r.name, "Outputs."); {
	case isOutput:
		issue.Message = fmt.Sprintf("steps.%s.outputs has no field '%s'; fields: %s", id, name, r.listing())
	case r.name == StepsRecord:
		issue.Message = fmt.Sprintf("there is no step '%s' before this one%s", name, suggestion(name, r.order))
	case r.name == typeEvent:
		issue.Message = fmt.Sprintf("unknown name '%s'%s", name, suggestion(name, r.order))
	case near.Best(name, r.order) != "":
		issue.Message += suggestion(name, r.order)
	case len(r.order) > 0:
		issue.Message += "; fields: " + strings.Join(r.order, ", ")
	}
}

// listing names the fields with their types.
func (r *record) listing() string {
	if len(r.order) == 0 {
		return "none"
	}
	list := make([]string, len(r.order))
	for i, name := range r.order {
		list[i] = fmt.Sprintf("%s (%s)", name, describe(r.fields[name]))
	}
	return strings.Join(list, ", ")
}

// unknownName points at the name; CEL points at the parenthesis of a call.
func (e *Env) unknownName(issue *Issue, src []rune, name string) {
	if at := issue.Offset; at < len(src) && src[at] == '(' {
		issue.Offset = wordStart(src, at)
		if usage, ok := macroUsage[name]; ok {
			issue.Message = fmt.Sprintf("%s takes other arguments: %s", name, usage)
			return
		}
		issue.Message = fmt.Sprintf("unknown function '%s'%s", name, suggestion(name, e.functionNames()))
		return
	}
	issue.Message = fmt.Sprintf("unknown name '%s'%s", name, suggestion(name, variableNames()))
}

// macroUsage shows how what CEL expands before it knows types is called; with other arguments it is an unknown function.
var macroUsage = map[string]string{
	"has": "has(comment.content)", "has_tag": "has_tag('license:*')",
	"always": "always()", "failure": "failure()", "success": "success()",
	"all": "list.all(x, condition)", "exists": "list.exists(x, condition)", "exists_one": "list.exists_one(x, condition)",
	"filter": "list.filter(x, condition)", "map": "list.map(x, value) or list.map(x, condition, value)",
}

func (e *Env) functionNames() []string {
	names := slices.Sorted(maps.Keys(macroUsage))
	for name := range e.cel.Functions() {
		if !strings.ContainsAny(name, "@_") {
			names = append(names, name)
		}
	}
	return names
}

func variableNames() []string {
	var names []string
	for _, group := range [][]field{payloadVariables, contextVariables, factVariables} {
		for _, f := range group {
			names = append(names, f.name)
		}
	}
	return names
}

// suggestion is the name that was probably meant as the end of a message.
func suggestion(word string, names []string) string {
	if best := near.Best(word, names); best != "" {
		return fmt.Sprintf(" (did you mean '%s'?)", best)
	}
	return ""
}

// afterDot moves from "." or ".?" to the field behind it.
func afterDot(src []rune, at int) int {
	if at < len(src) && src[at] == '.' {
		at++
		for at < len(src) && (src[at] == '?' || src[at] == ' ') {
			at++
		}
	}
	return at
}

// nullMessage says how to ask for what is absent, by the name that the operator at an offset compares with null.
func nullMessage(src []rune, at int) string {
	name := cmp.Or(comparedWithNull(src, at), "comment.content")
	return fmt.Sprintf("nothing is ever null here; ask with has(), as in has(%s)", name)
}

// comparedWithNull is the name on the other side of null around the operator at an offset.
func comparedWithNull(src []rune, at int) string {
	before, after := string(src[:at]), strings.TrimLeft(string(src[min(at+2, len(src)):]), " \n")
	if strings.HasPrefix(after, "null") {
		return trailingName.FindString(strings.TrimRight(before, " \n"))
	}
	return leadingName.FindString(after)
}

var (
	trailingName = regexp.MustCompile(`[A-Za-z_][\w.]*$`)
	leadingName  = regexp.MustCompile(`^[A-Za-z_][\w.]*`)
)

func overloadMessage(function, arguments string, src []rune, at int) string {
	args := strings.NewReplacer("double", "float", "dyn", "any value").Replace(arguments)
	if symbol, ok := operators.FindReverse(function); ok {
		function = symbol
	}
	if isComparison := function == "==" || function == "!="; isComparison && strings.Contains(arguments, "null") {
		return nullMessage(src, at)
	}
	return fmt.Sprintf("'%s' does not take %s", function, args)
}

// syntaxMessage drops the parser's list of every token that could have followed.
func syntaxMessage(m string) string {
	if strings.HasPrefix(m, "token recognition error at: '= ") {
		return "= compares nothing; equality is =="
	}
	if q := notClosed.FindStringSubmatch(m); q != nil {
		return "the text that begins with " + q[1] + " is not closed"
	}
	if before, _, found := strings.Cut(m, " expecting "); found {
		m = before
	}
	return strings.ReplaceAll(m, "<EOF>", "the end of the expression")
}
