package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/config"
)

// runOnceOptions are the flags of `hfbot run-once`.
type runOnceOptions struct {
	event string
	in    io.Reader
	out   io.Writer
	err   io.Writer
}

func newRunOnce() *cobra.Command {
	var o runOnceOptions
	c := &cobra.Command{
		Use:   "run-once",
		Short: "Handle one event and end, as a Job of the Hub does",
		Long: `Reads one event from WEBHOOK_PAYLOAD, which the Hub sets in a Job that a webhook starts, matches it against the
rules, works the steps and ends: with 0 when nothing matched or all runs succeeded, else with 1. What was done before is
known only with a database that outlives the Job (HFBOT_DATABASE=postgres://…).`,
		Example: "  hfbot run-once --rules hf://datasets/acme-lab/my-bot/rules.yaml\n  hfbot run-once --event push.json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o.in, o.out, o.err = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
			cfg, err := config.Load(c.Flags())
			if err != nil {
				return err
			}
			if os.Getenv("HFBOT_DATABASE") == "" {
				cfg.Database = "sqlite::memory:" // a Job's disk goes with it
			}
			return runOnce(c.Context(), cfg, o)
		},
	}
	c.Flags().StringVar(&o.event, "event", "", "file with the payload, - for standard input (default: WEBHOOK_PAYLOAD)")
	config.AddFlags(c.Flags(), "rules", "endpoint", "work_dir", "allow_egress", "allow_private_egress", "dry_run",
		"log_level", "log_format")
	return c
}

// payload is the event, from the file or the environment.
func (o runOnceOptions) payload() ([]byte, error) {
	if o.event != "" {
		return readInput(o.event, o.in)
	}
	text := os.Getenv("WEBHOOK_PAYLOAD")
	if text == "" {
		return nil, usageErrorf("there is no event: WEBHOOK_PAYLOAD is set in a Job that a webhook starts; elsewhere give --event FILE")
	}
	return []byte(text), nil
}

// jobPatience is how long a Job waits for its rules: it has nothing to fall back to, and nobody waits for it.
const jobPatience = 2 * time.Minute

func runOnce(ctx context.Context, cfg *config.Config, o runOnceOptions) (err error) {
	body, err := o.payload()
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.LogLevel, cfg.LogFormat, o.err)
	if err != nil {
		return err
	}
	rules := cfg.Rules
	if len(rules) == 0 {
		if rules, err = config.FindRules("."); err != nil {
			return err
		}
	}
	b, err := bot.New(ctx, bot.Options{
		Endpoint: cfg.Endpoint, Token: cfg.Token, Rules: rules, Database: cfg.Database, Listen: "127.0.0.1:0",
		AllowEgress: cfg.AllowEgress, AllowPrivate: cfg.AllowPrivateEgress, DryRun: cfg.DryRun,
		WorkDir: cfg.WorkDir, Workers: cfg.Workers, Lease: cfg.Lease,
		Log: log, RulesPatience: jobPatience,
	})
	if wrong := new(bot.RulesError); errors.As(err, &wrong) {
		fmt.Fprint(o.err, wrong.Problems.Text())
		return errors.New("the rules have errors")
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(serving) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()
	id, _, err := b.Accept(ctx, body, cmp.Or(os.Getenv("WEBHOOK_ID"), os.Getenv("JOB_ID")), store.SourceWebhook)
	if err != nil {
		return fmt.Errorf("keep the event: %w", err)
	}
	delivery, runs, err := b.Settled(ctx, id)
	if err != nil {
		return fmt.Errorf("work the event: %w", err)
	}
	return o.report(delivery, runs)
}

// report prints what became of the event, and fails if it did not go well.
func (o runOnceOptions) report(d *store.Delivery, runs []store.Run) error {
	if d.State == store.Failed {
		return fmt.Errorf("the event cannot be matched: %s", d.Error)
	}
	fmt.Fprintf(o.out, "event %s.%s of %s\n", d.Scope, d.Action, cmp.Or(d.Repo, "no repository"))
	reasons, err := reasonsOf(d)
	if err != nil {
		return err
	}
	failed := 0
	for _, id := range slices.Sorted(maps.Keys(d.Verdicts)) {
		fmt.Fprintf(o.out, "rule  %s: %s%s\n", id, d.Verdicts[id], reasons[id])
		if d.Verdicts[id] == string(rule.VerdictError) {
			failed++
		}
	}
	for _, r := range runs {
		fmt.Fprintf(o.out, "run   of %s: %s", r.Rule, r.State)
		if r.Error != "" {
			fmt.Fprintf(o.out, ": %s", r.Error)
		}
		fmt.Fprintln(o.out)
		if r.State == store.RunFailed || r.State == store.Cancelled {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%s did not go well", count(failed, "rule"))
	}
	return nil
}

// reasonsOf says why rules do not run, as it follows the verdict.
func reasonsOf(d *store.Delivery) (map[string]string, error) {
	reasons := map[string]string{}
	if len(d.Explanation) == 0 {
		return reasons, nil
	}
	var e rule.Explanation
	if err := json.Unmarshal(d.Explanation, &e); err != nil {
		return nil, fmt.Errorf("read why: %w", err)
	}
	for _, outcome := range e.Rules {
		if outcome.Verdict != rule.VerdictMatched && string(outcome.Verdict) == d.Verdicts[outcome.RuleID] {
			reasons[outcome.RuleID] = ": " + outcome.Reason
		}
	}
	return reasons, nil
}
