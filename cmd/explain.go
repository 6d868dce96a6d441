package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// explainOptions are the flags of `hfbot explain`.
type explainOptions struct {
	event   string
	facts   string
	bot     string
	offline bool
	format  format
	in      io.Reader
	out     io.Writer
	err     io.Writer
}

func newExplain() *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use: "explain --event FILE", Short: "Show which rules an event would run, and why not the others",
		Long: `Matches a payload against the rules without receiving it, and shows each clause: what it wanted,
what it saw. Nothing is done and nothing kept; what only the history of a bot knows, such as once_per, is left out.
What a bot would look up on the Hub comes from --facts, a YAML file such as {changed: [model.bin], tags: [pytorch]};
what is not in it is asked of the Hub when one is configured: with HF_TOKEN or an endpoint.`,
		Example: "  hfbot explain --event push.json --rules rules.yaml --facts facts.yaml\n" +
			"  HF_TOKEN=hf_... hfbot explain --event push.json",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.event == "" {
				return usageErrorf("--event is required: a file with a webhook payload, or - for standard input")
			}
			o.in, o.out, o.err = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
			cfg, err := config.Load(c.Flags())
			if err != nil {
				return err
			}
			return runExplain(c.Context(), cfg, o)
		},
	}
	c.Flags().StringVar(&o.event, "event", "", "file with the webhook's payload, - for standard input")
	c.Flags().StringVar(&o.facts, "facts", "", "file with what the Hub would answer")
	c.Flags().StringVar(&o.bot, "bot", "", "id of the bot's own account, to tell its own events (default: whose HF_TOKEN is)")
	c.Flags().BoolVar(&o.offline, "offline", false, "look no fact up on the Hub, even when one is configured")
	config.AddFlags(c.Flags(), "rules", "endpoint")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

func runExplain(ctx context.Context, cfg *config.Config, o explainOptions) error {
	body, err := readInput(o.event, o.in)
	if err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	if err := jsonError(body); err != nil {
		return fmt.Errorf("the event in %s is no webhook payload: no JSON at %w", o.event, err)
	}
	payload, err := hub.ParsePayload(body)
	if err != nil {
		return fmt.Errorf("the event in %s is no webhook payload: %w", o.event, err)
	}
	if payload.Event.Scope == "" {
		return fmt.Errorf("the event in %s is no webhook payload: it has no event.scope", o.event)
	}
	given, err := readFacts(o.facts)
	if err != nil {
		return err
	}
	set, problems, err := rulesOf(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprint(o.err, problems.Text())
	if set == nil {
		return fmt.Errorf("the rules have errors: %s in all", count(len(problems), "problem"))
	}
	client, err := configuredHub(cfg, o.offline, o.err)
	if err != nil {
		return err
	}
	facts := explainedBy(given, client, payload)
	outcomes := set.Match(ctx, rule.Delivery{ID: "explain", Body: body, Payload: payload}, facts)
	note := skipOwn(ctx, outcomes, payload, facts, o.bot, client)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if o.format.value == formatJSON {
		return writeJSON(o.out, newExplanation(outcomes, note))
	}
	return writeExplanation(o.out, outcomes, note)
}

// configuredHub is the Hub to ask, nil when the user named none: neither a token nor an endpoint other than the default.
func configuredHub(cfg *config.Config, offline bool, w io.Writer) (*hub.Client, error) {
	if offline || cfg.Token == "" && cfg.Endpoint == hub.DefaultEndpoint {
		return nil, nil
	}
	return hub.New(cfg.Endpoint, cfg.Token, tellRetries(w))
}

// explainedBy gives the facts of each ref and commit.
func explainedBy(given givenFacts, client *hub.Client, p *hub.Payload) rule.FactsFor {
	if client == nil {
		return func(string, string) expr.Facts { return explainFacts{given: given} }
	}
	asked := bot.FactsOf(client, p)
	return func(ref, sha string) expr.Facts { return explainFacts{given: given, hub: asked(ref, sha)} }
}

// skipOwn gives matched rules the verdict skipped when the event is the bot's own act, as far as payload and facts tell
// who acted. It returns a note when they do not.
func skipOwn(
	ctx context.Context, outcomes []rule.Outcome, p *hub.Payload, facts rule.FactsFor, own string, client *hub.Client,
) string {
	const notOwn = ", so the event counts as not the bot's own"
	matched := slices.ContainsFunc(outcomes, func(o rule.Outcome) bool { return o.Verdict == rule.VerdictMatched })
	if !matched {
		return "" // there is nothing to skip
	}
	if own == "" && client != nil && client.Token() != "" {
		me, err := client.WhoAmI(ctx)
		if err != nil {
			return "the Hub does not say who the token belongs to (" + err.Error() + ")" + notOwn
		}
		own = me.ID
	}
	if own == "" {
		return "without --bot ID the event counts as not the bot's own"
	}
	note := ""
	for i := range outcomes {
		o := &outcomes[i]
		if o.Verdict != rule.VerdictMatched || o.Rule.OwnEvents {
			continue
		}
		switch actorOf(ctx, p, facts(o.Ref, o.SHA)) {
		case "":
			note = "payload and facts do not say who acted" + notOwn
		case own:
			o.Verdict, o.Reason, o.Steps = rule.VerdictSkipped, "own_event", nil
		}
	}
	return note
}

// actorOf is the id of who caused the event: the author of the comment or new discussion, else the fact author.
func actorOf(ctx context.Context, p *hub.Payload, facts expr.Facts) string {
	if actor := p.Actor(); actor != "" {
		return actor
	}
	if f, ok := facts.(explainFacts); ok && p.Discussion != nil { // the Hub knows who opened it, not who changed it
		f.hub = nil
		facts = f
	}
	fact, err := facts.Fact(ctx, "author")
	if err != nil {
		return ""
	}
	author, _ := fact.(map[string]any)
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
