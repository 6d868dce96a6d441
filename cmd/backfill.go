package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/catchup"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// backfillOptions are the flags of `hfbot backfill`.
type backfillOptions struct {
	rule   string
	most   int
	dryRun bool
	out    io.Writer
	err    io.Writer
}

func newBackfill() *cobra.Command {
	var o backfillOptions
	c := &cobra.Command{
		Use:   "backfill --rule ID",
		Short: "Apply a rule to the repositories that are there already",
		Long: `Goes through the repositories that the rule is for, one after the other, as if each had just been pushed whole to main.
What the rule did before (once_per) and repositories done in an earlier call are left out, so it can be interrupted and
called again. The bot must not run on the same SQLite database meanwhile; on PostgreSQL it may.`,
		Example: "  hfbot backfill --rule auto-safetensors --dry-run\n" +
			"  hfbot backfill --rule auto-safetensors --watch acme-lab --most 50",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.rule == "" {
				return usageErrorf("--rule is required: the id of the rule to apply")
			}
			o.out, o.err = plainWriter{c.OutOrStdout()}, c.ErrOrStderr()
			cfg, client, err := hubClient(c)
			if err != nil {
				return err
			}
			return runBackfill(c.Context(), cfg, client, o)
		},
	}
	c.Flags().StringVar(&o.rule, "rule", "", "id of the rule")
	c.Flags().IntVar(&o.most, "most", 0, "stop after so many repositories (0: all)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "say for which repositories the rule would run, and do nothing")
	config.AddFlags(c.Flags(), "rules", "watch", "endpoint", "database", "work_dir", "allow_egress",
		"allow_private_egress", "log_level", "log_format")
	return c
}

func runBackfill(ctx context.Context, cfg *config.Config, client *hub.Client, o backfillOptions) (err error) {
	rules := cfg.Rules
	if len(rules) == 0 {
		if rules, err = config.FindRules("."); err != nil {
			return err
		}
	}
	log, err := newLogger(cfg.LogLevel, cfg.LogFormat, o.err)
	if err != nil {
		return err
	}
	database, events := cfg.Database, "backfill"
	if o.dryRun {
		database, events = "sqlite::memory:", "dry run"
	}
	b, err := bot.New(ctx, bot.Options{
		Endpoint: cfg.Endpoint, Token: cfg.Token, Rules: rules, OnlyRule: o.rule, Database: database, Listen: "127.0.0.1:0",
		AllowEgress: cfg.AllowEgress, AllowPrivate: cfg.AllowPrivateEgress,
		WorkDir: cfg.WorkDir, Workers: cfg.Workers, Lease: cfg.Lease, Log: log,
	})
	if wrong := new(bot.RulesError); errors.As(err, &wrong) {
		fmt.Fprint(o.err, wrong.Problems.Text())
		return errors.New("the rules have errors")
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if !o.dryRun {
		serving, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- b.Serve(serving) }()
		defer func() { stop(); err = errors.Join(err, <-served) }()
	}
	me, err := client.WhoAmI(ctx)
	if err != nil {
		return fmt.Errorf("ask the Hub who the token belongs to: %w", err)
	}
	watched, err := subscription.Watched(ctx, client, b.Rules().Interest(), cfg.Watch, me.Name)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%s of rule %s over %s\n", events, o.rule, subscription.Describe(watched))
	return o.each(ctx, b, client, watched)
}

// each goes through the repositories.
func (o backfillOptions) each(ctx context.Context, b *bot.Bot, client *hub.Client, watched []hub.Watched) error {
	done, failed := 0, 0
	for repo, err := range catchup.Repos(ctx, client, watched) {
		if err != nil {
			return err
		}
		if o.most > 0 && done == o.most {
			break
		}
		done++
		result, err := o.one(ctx, b, client, repo)
		if ctx.Err() != nil {
			return errors.New("interrupted; call it again to go on where it stopped")
		}
		if err != nil {
			failed++
			result = "failed: " + err.Error()
		}
		fmt.Fprintf(o.out, "%5d  %-8s %s: %s\n", done, repo.Type, repo.Name, result)
	}
	fmt.Fprintf(o.out, "repositories looked at: %d, failed: %d\n", done, failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d failed; call it again to try them once more", failed, done)
	}
	return nil
}

// one applies the rule to a repository, and says what came of it.
func (o backfillOptions) one(ctx context.Context, b *bot.Bot, client *hub.Client, repo hub.RepoRef) (string, error) {
	info, err := client.RepoInfo(ctx, repo, "")
	if err != nil {
		return "", err
	}
	if info.SHA == "" {
		return "empty", nil
	}
	event, err := catchup.Push(repo, info, "")
	if err != nil {
		return "", err
	}
	if o.dryRun {
		explanation, err := b.Explain(ctx, event.Body)
		if err != nil || len(explanation.Rules) == 0 { // of the one rule in force, for the one ref
			return "", err
		}
		outcome := explanation.Rules[0]
		if err = outcome.Err; err != nil || outcome.Verdict != rule.VerdictMatched {
			return describeOutcome(outcome), err
		}
		return "would run", nil
	}
	id, duplicate, err := b.Accept(ctx, event.Body, "backfill:"+o.rule+":"+event.Key, store.SourceBackfill)
	if err != nil {
		return "", err
	}
	delivery, runs, err := b.Settled(ctx, id)
	if err != nil {
		return "", err
	}
	for _, r := range runs {
		if r.State != store.Succeeded {
			return "", fmt.Errorf("run %s %s: %s", r.ID, r.State, r.Error)
		}
	}
	if verdict := delivery.Verdicts[o.rule]; len(runs) == 0 {
		return verdict, nil
	}
	if duplicate {
		return "done before", nil
	}
	return "done", nil
}

// describeOutcome is a verdict with its reason.
func describeOutcome(o rule.Outcome) string {
	if o.Reason == "" {
		return string(o.Verdict)
	}
	return string(o.Verdict) + ": " + o.Reason
}
