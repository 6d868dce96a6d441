package builtin

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(ciReport{}) }

// ciReport keeps one comment with the results of all checks on a pull request.
type ciReport struct{}

// reportIn is the inputs of ci.report.
type reportIn struct {
	Name    string  `json:"name" required:"true" doc:"name of the check, such as tests; one line of the comment each"`
	State   string  `json:"state" required:"true" doc:"queued, running, success, failure, cancelled, skipped, or what a CI calls it"`
	URL     string  `json:"url" doc:"address of the log"`
	Seconds float64 `json:"seconds" doc:"how long it took"`
	Details string  `json:"details" doc:"a word or two, such as 12 passed"`
	SHA     string  `json:"sha" doc:"commit that was checked; the event's by default"`
	Title   string  `json:"title" default:"Checks" doc:"heading of the comment; another one makes another comment"`
	thread
}

// Spec implements actions.Action.
func (ciReport) Spec() actions.Spec {
	return actions.Spec{
		ID:      "ci.report",
		Summary: "Show the result of a check on the pull request, in one comment that is kept up to date.",
		Description: "Each name has a line in the comment with its state, log and duration; a report of the same name " +
			"replaces it. Report running before a check and its result after it.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example: "uses: ci.report\nwith:\n  name: tests\n  state: ${{ steps.ci.outputs.conclusion }}\n" +
			"  url: ${{ steps.ci.outputs.url }}\n  seconds: ${{ steps.ci.outputs.seconds }}",
	}
}

// stateSigns are the signs of states, by the words of GitHub, GitLab and the Hub in lower case.
var stateSigns = map[string]string{
	"success": "✅", "completed": "✅", "passed": "✅", "failure": "❌", "failed": "❌", "error": "❌", "timed_out": "❌",
	"cancelled": "⚪", "canceled": "⚪", "skipped": "⚪", "neutral": "⚪", "running": "🟡", "in_progress": "🟡",
}

// Validate implements actions.Validator.
func (in *reportIn) Validate() error {
	if in.URL == "" {
		return nil
	}
	if err := checkWebURL(in.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	return nil
}

// Run implements actions.Action.
func (ciReport) Run(ctx context.Context, rt *actions.Runtime, in reportIn) (commentOut, error) {
	repo, d, err := in.read(ctx, rt)
	if err != nil {
		return commentOut{}, err
	}
	me, err := ownAccount(ctx, rt)
	if err != nil {
		return commentOut{}, err
	}
	if in.SHA == "" {
		if in.SHA, err = eventCommit(ctx, rt, repo); err != nil {
			return commentOut{}, err
		}
	}
	title := codeless(in.Title)
	marker := keyMarker(rt, "ci", title)
	rows := []string{}
	if old := findComment(d.Events, me, marker); old != nil {
		rows = reportRows(old.Content)
	}
	text, err := marked(in.comment(title, rows), "report", marker)
	if err != nil {
		return commentOut{}, err
	}
	return upsertComment(ctx, rt, repo, d, d.Num, text, marker)
}

// reportRow is a line of the table, with the name of its check.
var reportRow = regexp.MustCompile("^\\| (`[^`|]*`) \\|.*\\|$")

// maxChecks bounds the checks of one comment.
const maxChecks = 100

// reportRows are the lines of the table in a comment of before, which the bot wrote itself.
func reportRows(text string) []string {
	var rows []string
	for line := range strings.SplitSeq(text, "\n") {
		if reportRow.MatchString(line) {
			rows = append(rows, line)
		}
	}
	return rows
}

// comment is the whole comment with this report in its place.
func (in reportIn) comment(title string, rows []string) string {
	mine, name := in.row(), codeSpan(shortText(in.Name))
	replaced := false
	for i, row := range rows {
		if reportRow.FindStringSubmatch(row)[1] == name {
			rows[i], replaced = mine, true
		}
	}
	if !replaced {
		rows = append(rows, mine)
	}
	rows = rows[max(0, len(rows)-maxChecks):]
	return "### " + title + "\n\n| check | state | log | took | commit |\n|---|---|---|---|---|\n" + strings.Join(rows, "\n")
}

// row is the line of this report.
func (in reportIn) row() string {
	state := codeless(in.State)
	sign := stateSigns[strings.ToLower(state)]
	if sign == "" {
		sign = "🟡"
	}
	log, took, commit := "", "", in.SHA
	if in.URL != "" {
		escape := strings.NewReplacer("(", "%28", ")", "%29", "|", "%7C", " ", "%20", "\n", "", "<", "%3C", ">", "%3E")
		log = "[log](" + escape.Replace(in.URL) + ")"
	}
	if in.Seconds > 0 {
		took = time.Duration(in.Seconds * float64(time.Second)).Round(time.Second).String()
	}
	if details := codeless(in.Details); details != "" {
		state += ", " + details
	}
	if commit != "" {
		commit = codeSpan(commit[:min(len(commit), 7)])
	}
	return fmt.Sprintf("| %s | %s %s | %s | %s | %s |", codeSpan(shortText(in.Name)), sign, state, log, took, commit)
}

// codeless is text of others on one line of a table, without Markdown of its own: what is no letter, digit or plain
// sign becomes a space.
func codeless(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("`|<>[]()*_#!\\@&", r) || r < ' ' {
			if r == '_' {
				return '_'
			}
			return ' '
		}
		return r
	}, plainText(text))
	return strings.Join(strings.Fields(shortText(text)), " ")
}
