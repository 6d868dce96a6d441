package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/cmd/dev"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub/emulator"
)

// devOptions are the flags of `hfbot dev`.
type devOptions struct {
	rules     []string
	listen    string
	hubListen string
	logLevel  string
	jobs      bool
	dryRun    bool
	out, err  io.Writer
}

func newDev() *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use:   "dev [RULES]...",
		Short: "Try rules on a Hub of your own, reloaded as you edit them",
		Long: `Runs a local Hub and the bot with your rules, without account or network, and prints for each rule what to type
to make it fire; what a rule's condition wants comes from the first event in the tests beside it that the rule matches.
Save the rules and they are in force; the dashboard shows what came of each event. Everything is in
memory and gone after Ctrl-C. Steps that call other services, such as ci.github, really call them.`,
		Example: "  hfbot dev\n  hfbot dev rules.yaml --hub-listen 127.0.0.1:5001",
		RunE: func(c *cobra.Command, args []string) error {
			o.rules, o.out, o.err = args, plainWriter{c.OutOrStdout()}, c.ErrOrStderr()
			return runDev(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:7860", "address of the bot and its dashboard; port 0 takes a free one")
	c.Flags().StringVar(&o.hubListen, "hub-listen", "127.0.0.1:5000", "address of the local Hub; port 0 takes a free one")
	c.Flags().StringVar(&o.logLevel, "log-level", "warn", "what the bot logs: debug, info, warn or error")
	c.Flags().BoolVar(&o.jobs, "run-jobs", false,
		"run the Hub's Jobs as processes of this machine, in place of their image (default: Jobs are recorded only)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "run the steps without their effects: they read, and write nothing")
	return c
}

func runDev(ctx context.Context, o devOptions) (err error) {
	if len(o.rules) == 0 {
		if o.rules, err = config.FindRules("."); err != nil {
			return err
		}
	}
	log, err := newLogger(o.logLevel, "text", o.err)
	if err != nil {
		return err
	}
	options := dev.Options{
		Rules: o.rules, DryRun: o.dryRun, Listen: o.listen, HubListen: o.hubListen, Log: log,
		OnDelivery: func(try emulator.Delivery) { reportTry(o.err, try) },
	}
	if o.jobs {
		options.RunJob = runLocalJob
	}
	d, err := dev.Start(ctx, options)
	if wrong := new(bot.RulesError); errors.As(err, &wrong) {
		fmt.Fprint(o.err, wrong.Problems.Text())
		return errors.New("the rules have errors; nothing was started (hfbot check shows them too)")
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	fmt.Fprintf(o.out, "local Hub  %s  (user %s with token %s; the bot is %s)\ndashboard  %s\nrules      %s, reloaded as you edit\n",
		d.Hub.URL(), dev.UserName, dev.Token(dev.UserName), dev.BotName, d.Bot.URL(), strings.Join(o.rules, " "))
	return followRules(ctx, d, o)
}

// reportTry tells of deliveries that did not arrive; those that did are on the dashboard.
func reportTry(w io.Writer, try emulator.Delivery) {
	if try.Status < 200 || try.Status > 299 {
		fmt.Fprintln(w, describeTry(try))
	}
}

// followRules prints how each rule fires, now and whenever the rules have changed, until ctx ends. It tells what each
// delivery came to as well.
func followRules(ctx context.Context, d *dev.Dev, o devOptions) error {
	const often = 300 * time.Millisecond
	var hash string
	seen := dev.NewFeed(d)
	for {
		lines, err := seen.Next(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for _, line := range lines {
			fmt.Fprintln(o.out, line)
		}
		if rules := d.Bot.Rules(); rules.Hash != hash {
			hash = rules.Hash
			recipes, err := d.Recipes(ctx)
			if err != nil && ctx.Err() == nil {
				return err
			}
			printRecipes(o.out, d.Hub.URL(), recipes)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(often):
		}
	}
}

// printRecipes tells what to type. Nothing that a rule or its tests say ends a line of comment.
func printRecipes(w io.Writer, base string, recipes []dev.Recipe) {
	fmt.Fprintf(w, "\nMake a rule fire, from another terminal:\n")
	for _, r := range recipes {
		fmt.Fprintf(w, "\n# %s (%s:%d): when %s\n", r.Rule.ID, line(r.Rule.File), r.Rule.Line, line(r.Rule.Words().When))
		if r.Note != "" {
			fmt.Fprintf(w, "#   %s\n", line(r.Note))
		}
		for _, call := range r.Calls {
			fmt.Fprintln(w, call.Curl(base))
		}
		for _, also := range r.Also {
			fmt.Fprintf(w, "#   it also wants: %s\n", line(also))
		}
	}
	if len(recipes) > 0 && recipes[0].Note == "" {
		page := recipes[0].Repo.WebPath()
		fmt.Fprintf(w, "\n# or by git, which also takes real weights:\ngit clone %s%s\n",
			strings.Replace(base, "://", "://"+dev.UserName+":"+dev.Token(dev.UserName)+"@", 1), page)
		fmt.Fprintf(w, "\n# What the bot did there, in a browser:\n#   %s%s/discussions\n", base, page)
	}
	fmt.Fprintln(w)
}
