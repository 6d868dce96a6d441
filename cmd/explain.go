package cmd

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// explainOptions are the flags of `hfbot explain`.
type explainOptions struct {
	event  string
	rules  []string
	facts  string
	bot    string
	format format
	in     io.Reader
	out    io.Writer
	err    io.Writer
}

func newExplain() *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use: "explain --event FILE", Short: "Show which rules an event would run, and why not the others",
		Long: `Matches a payload against the rules without receiving it, and shows each clause: what it wanted,
what it saw. What a bot would look up on the Hub comes from --facts, a YAML file such as {changed:
[model.bin], tags: [pytorch]}.`,
		Example: "  hfbot explain --event push.json --rules rules.yaml --facts facts.yaml",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.event == "" {
				return usageErrorf("--event is required: a file with a webhook payload, or - for standard input")
			}
			o.in, o.out, o.err = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
			return runExplain(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.event, "event", "", "file with the webhook's payload, - for standard input")
	c.Flags().StringSliceVar(&o.rules, "rules", nil, "rule files and folders (default rules.yaml, else rules)")
	c.Flags().StringVar(&o.facts, "facts", "", "file with what the Hub would answer")
	c.Flags().StringVar(&o.bot, "bot", "", "id of the bot's own account, to tell its own events")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

func runExplain(ctx context.Context, o explainOptions) error {
	body, err := readInput(o.event, o.in)
	if err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	payload, err := hub.ParsePayload(body)
	if err != nil {
		return fmt.Errorf("the event in %s is no webhook payload: %w", o.event, err)
	}
	facts, err := readFacts(o.facts)
	if err != nil {
		return err
	}
	set, problems, err := loadRules(o.rules)
	if err != nil {
		return err
	}
	fmt.Fprint(o.err, problems.Text())
	if set == nil {
		return fmt.Errorf("the rules have errors: %s in all", count(len(problems), "problem"))
	}
	outcomes := set.Match(ctx, rule.Delivery{ID: "explain", Body: body, Payload: payload}, facts.at)
	note := skipOwn(outcomes, payload, facts, o.bot)
	if o.format.value == formatJSON {
		return writeJSON(o.out, newExplanation(outcomes, note))
	}
	return writeExplanation(o.out, outcomes, note)
}

// skipOwn gives matched rules the verdict skipped when the event is the bot's own act, as far as payload and facts tell
// who acted. It returns a note when they do not.
func skipOwn(outcomes []rule.Outcome, p *hub.Payload, facts givenFacts, bot string) string {
	if bot == "" {
		return "without --bot ID the event counts as not the bot's own"
	}
	actor := actorOf(p, facts)
	if actor == "" {
		return "payload and facts do not say who acted, so the event counts as not the bot's own"
	}
	if actor != bot {
		return ""
	}
	for i, o := range outcomes {
		if o.Verdict == rule.VerdictMatched && !o.Rule.OwnEvents {
			outcomes[i].Verdict, outcomes[i].Reason, outcomes[i].Steps = rule.VerdictSkipped, "own_event", nil
		}
	}
	return ""
}

// actorOf is the id of who caused the event: the author of the comment or new discussion, else the fact author.
func actorOf(p *hub.Payload, facts givenFacts) string {
	switch {
	case p.Comment != nil:
		return p.Comment.Author.ID
	case p.Discussion != nil && p.Event.Action == "create":
		return p.Discussion.Author.ID
	}
	author, _ := facts["author"].(map[string]any)
	id, _ := author["id"].(string)
	return id
}

// readFacts reads a facts file; without one there are no facts.
func readFacts(path string) (givenFacts, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the facts: %w", err)
	}
	facts, err := parseFacts(text)
	if err != nil {
		return nil, fmt.Errorf("read the facts of %s: %w", path, err)
	}
	return facts, nil
}
