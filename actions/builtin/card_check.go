package builtin

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// cardCheck is one check of a card: what was looked at, and what is wrong with it, both as Markdown.
type cardCheck struct{ what, problem string }

// most things that a report quotes from a card.
const maxQuotedProblems = 20

// checks makes all checks that the inputs ask for.
func (in cardIn) checks(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, c *card, text string, exists bool,
) ([]cardCheck, error) {
	checks := []cardCheck{{what: "there is a README.md"}}
	if !exists {
		checks[0].problem = "there is no README.md"
	}
	if c.broken != nil {
		checks = append(checks, cardCheck{"front matter", codeSpan(c.broken.Error())})
	}
	for _, key := range in.Required {
		check := cardCheck{what: codeSpan(key)}
		if len(texts(c.metadata[key])) == 0 {
			check.problem = codeSpan(key) + " is missing"
		}
		checks = append(checks, check)
	}
	if len(in.Licenses) > 0 {
		checks = append(checks, allowed("license", texts(c.metadata["license"]), in.Licenses))
	}
	if len(in.Languages) > 0 {
		checks = append(checks, allowed("language", texts(c.metadata["language"]), in.Languages))
	}
	checks = append(checks, in.textChecks(c.prose())...)
	if in.AskHub && exists {
		found, err := validate(ctx, rt, repo, text)
		if err != nil {
			return nil, err
		}
		checks = append(checks, found...)
	}
	return checks, nil
}

// textChecks are the checks of the text below the front matter.
func (in cardIn) textChecks(prose string) []cardCheck {
	var checks []cardCheck
	if in.MinLength > 0 {
		check := cardCheck{what: fmt.Sprintf("at least %d characters of text", in.MinLength)}
		if n := len([]rune(prose)); n < in.MinLength {
			check.problem = fmt.Sprintf("the text has %d characters, fewer than %d", n, in.MinLength)
		}
		checks = append(checks, check)
	}
	headings := headingsOf(prose)
	for _, section := range in.Sections {
		check := cardCheck{what: "section " + codeSpan(section)}
		if !slices.Contains(headings, strings.ToLower(strings.TrimSpace(section))) {
			check.problem = "section " + codeSpan(section) + " is missing"
		}
		checks = append(checks, check)
	}
	return checks
}

// heading is a Markdown heading.
var heading = regexp.MustCompile(`(?m)^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*\r?$`)

// headingsOf lists the headings of a text in lower case.
func headingsOf(text string) []string {
	var headings []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		headings = append(headings, strings.ToLower(found[1]))
	}
	return headings
}

// allowed checks that values are there and that each is one of the globs.
func allowed(what string, values, globs []string) cardCheck {
	check := cardCheck{what: what + " is one of " + strings.Join(globs, ", ")}
	if len(values) == 0 {
		check.problem = "no " + what + " is given"
		return check
	}
	for _, value := range values {
		if !matchesAny(globs, strings.ToLower(value)) {
			check.problem = what + " " + codeSpan(shortText(value)) + " is not one of " + strings.Join(globs, ", ")
			return check
		}
	}
	return check
}

// validate asks the Hub.
func validate(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, text string) ([]cardCheck, error) {
	report, err := rt.Hub.ValidateCard(ctx, repo.Type, text)
	if err != nil {
		return nil, fmt.Errorf("have the Hub check the card of %s: %w", repo, err)
	}
	if len(report.Errors)+len(report.Warnings) == 0 {
		return []cardCheck{{what: "the Hub accepts the front matter"}}, nil
	}
	var checks []cardCheck
	for _, message := range slices.Concat(report.Errors, report.Warnings) {
		if len(checks) == maxQuotedProblems {
			break
		}
		checks = append(checks, cardCheck{"the Hub accepts the front matter", "the Hub says: " + codeSpan(shortText(message))})
	}
	return checks, nil
}

// reportOf is a Markdown list of checks.
func reportOf(checks []cardCheck) string {
	var b strings.Builder
	for _, check := range checks {
		if check.problem == "" {
			b.WriteString("- ✅ " + check.what + "\n")
		} else {
			b.WriteString("- ❌ " + check.problem + "\n")
		}
	}
	return b.String()
}

// texts are the non-empty texts of a value of front matter: itself, or the elements of a list. Values that are no text
// are written as YAML would.
func texts(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil
		}
		return []string{v}
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, texts(element)...)
		}
		return all
	}
	return []string{fmt.Sprint(value)}
}

// first is the first of some texts, or empty.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// shortText cuts a stranger's text to what a report may quote.
func shortText(text string) string {
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return text
}

// plainMap is front matter with text keys throughout, as outputs want it.
func plainMap(m map[string]any) map[string]any {
	plain := make(map[string]any, len(m))
	for key, value := range m {
		plain[key] = plainValue(value)
	}
	return plain
}

// plainValue is a value of front matter as JSON knows it: keys that are no text become text, numbers that JSON cannot
// hold become text too.
func plainValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return plainMap(v)
	case map[any]any:
		plain := make(map[string]any, len(v))
		for key, value := range v {
			plain[fmt.Sprint(key)] = plainValue(value)
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i := range v {
			plain[i] = plainValue(v[i])
		}
		return plain
	case float64:
		if v != v || v > 1e308 || v < -1e308 { // not a number, or infinite
			return fmt.Sprint(v)
		}
	}
	return value
}
