package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Words is a rule in plain words, for people who do not know the language.
type Words struct {
	When   string   // what happens, such as "a discussion or pull request is opened"; it names no repository
	Where  []string // which repositories and refs
	If     []string // what else must hold
	Limits []string // what keeps it from running too often
	Names  []string // globs of the repositories' names; empty: any
}

// happenings say in plain words what an event of the Hub is.
var happenings = map[string]string{
	"repo":                      "anything changes in a repository",
	"repo.create":               "a repository is created",
	"repo.delete":               "a repository is deleted",
	"repo.move":                 "a repository is renamed or moved",
	"repo.update":               "a repository changes",
	"repo.content":              "files change",
	"repo.content.update":       "files change",
	"repo.config":               "settings change",
	"repo.config.update":        "settings change",
	"discussion":                "a discussion or pull request is opened, changed or deleted",
	"discussion.create":         "a discussion or pull request is opened",
	"discussion.update":         "a discussion or pull request changes (closed, reopened, merged, renamed)",
	"discussion.delete":         "a discussion or pull request is deleted",
	"discussion.comment":        "a comment is written, edited or hidden",
	"discussion.comment.create": "somebody comments",
	"discussion.comment.update": "a comment is edited or hidden",
}

// Words describes the rule in plain words.
func (r *Rule) Words() Words {
	return Words{
		When: r.when(), Where: r.where(), If: r.conditionsInWords(), Limits: r.limits(), Names: slices.Clone(r.repos.names),
	}
}

func (r *Rule) when() string {
	if r.Command != nil {
		return "somebody writes " + r.Command.Name + " in a comment"
	}
	var parts []string
	for _, t := range r.on {
		words, known := happenings[t.String()]
		if !known {
			words = "the event " + t.String() + " happens"
		}
		if !slices.Contains(parts, words) {
			parts = append(parts, words)
		}
	}
	return strings.Join(parts, ", or ")
}

func (r *Rule) where() []string {
	var parts []string
	add := func(words string, list []string) {
		if len(list) > 0 {
			parts = append(parts, words+strings.Join(list, " or "))
		}
	}
	add("in a ", r.repos.types)
	add("named ", r.repos.names)
	add("not named ", r.repos.notName)
	add("of ", r.repos.owners)
	if r.repos.private != nil {
		parts = append(parts, map[bool]string{true: "private ones only", false: "public ones only"}[*r.repos.private])
	}
	if !r.repos.tags.empty() {
		parts = append(parts, "tagged "+r.repos.tags.String())
	}
	refs := r.refs.globs
	if !r.refs.written && slices.ContainsFunc(r.on, func(t trigger) bool { return within(t.scope, "repo.content") }) {
		refs = []string{mainRef}
	}
	add("on ", refs)
	return parts
}

func (r *Rule) conditionsInWords() []string {
	var parts []string
	if !r.paths.empty() {
		parts = append(parts, r.paths.String())
	}
	if r.cond != nil {
		parts = append(parts, strings.Join(strings.Fields(r.cond.program.Source), " "))
	}
	return parts
}

func (r *Rule) limits() []string {
	var parts []string
	if r.DryRun {
		parts = append(parts, "a dry run: the steps read, and write nothing")
	}
	if r.Debounce != nil {
		parts = append(parts, fmt.Sprintf("waits for %s of quiet, at most %s", plain(r.Debounce.Wait), plain(r.Debounce.Max)))
	}
	if r.OncePer {
		parts = append(parts, "once only for the same values of once_per")
	}
	if r.Concurrency != nil {
		parts = append(parts, "one run of its group at a time ("+r.Concurrency.OnConflict+")")
	}
	if r.RateLimit != nil {
		parts = append(parts, fmt.Sprintf("at most %d runs of a key in %s", r.RateLimit.Max, plain(r.RateLimit.Per)))
	}
	if r.Breaker != nil {
		parts = append(parts, fmt.Sprintf("stops after %d runs on one repository in %s", r.Breaker.Max, plain(r.Breaker.Per)))
	}
	return parts
}

// plain writes a duration without the parts that are zero: 1h and not 1h0m0s.
func plain(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// keepSource keeps the lines of a rule for people to read: from its first line to the one before the next rule, without
// what is empty or a comment at the end.
func (d *decoder) keepSource(r *Rule, next int) {
	last := min(next-1, len(d.text))
	for last > r.Line {
		line := strings.TrimSpace(d.text.line(last))
		// A key of the file after the rules ends the last of them.
		outside := line != "" && !strings.HasPrefix(d.text.line(last), " ") && line[0] != '-'
		if line != "" && line[0] != '#' && !outside {
			break
		}
		last--
	}
	for n := r.Line; n <= last; n++ {
		r.Source = append(r.Source, d.text.line(n))
	}
}
