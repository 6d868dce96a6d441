package rule

import (
	"fmt"
	"strings"
)

// summarise says in one line of plain words what a rule does.
func summarise(r *Rule) string {
	s := "on " + joinTriggers(r.on)
	if r.Command != nil {
		s = "when somebody writes " + r.Command.Name
	}
	if len(r.repos.types) > 0 {
		s += " of a " + strings.Join(r.repos.types, " or ")
	}
	if len(r.repos.names) > 0 {
		s += " named " + strings.Join(r.repos.names, " or ")
	}
	if !r.repos.tags.empty() {
		s += fmt.Sprintf(" tagged %s", r.repos.tags)
	}
	if r.refs.written {
		s += " on " + strings.Join(r.refs.globs, " or ")
	}
	if !r.paths.empty() {
		s += " with " + r.paths.String()
	}
	if r.cond != nil {
		s += " if " + strings.Join(strings.Fields(r.cond.program.Source), " ")
	}
	uses := make([]string, len(r.Steps))
	for i, step := range r.Steps {
		uses[i] = step.Uses
	}
	s += ": " + strings.Join(uses, ", then ")
	if r.DryRun {
		s += " (dry run)"
	}
	return s
}
