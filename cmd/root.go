package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// newRoot makes the whole tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "hfbot",
		Short: "Rules for what happens on the Hugging Face Hub",
		Long: `hfbot receives the webhooks of the Hugging Face Hub, matches them against rules in YAML and works
their steps: convert weights, comment, open pull requests, start CI.`,
		Example: "  hfbot demo --once                             # see one work\n" +
			"  hfbot init my-bot && cd my-bot && hfbot dev   # begin one of your own\n" +
			"  hfbot serve --rules rules.yaml                # run it",
		SilenceErrors: true, // Main prints them
		SilenceUsage:  true,
		Args:          subcommandsOnly,
		RunE:          showHelp,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageErrorf("%w", err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newDemo(),
		newInit(),
		newDev(),
		newDeploy(),
		newRunOnce(),
		newDoctor(),
		newServe(),
		newHub(),
		newSend(),
		atOnce(newCheck()),
		atOnce(newTest()),
		atOnce(newExplain()),
		atOnce(newSchema()),
		atOnce(newActions()),
		newBuild(),
		newBackfill(),
		newConvert(),
		newInspect(),
		newDeliveries(),
		newRuns(),
		newBreakers(),
		newWebhooks(),
		newHealthcheck(),
		atOnce(newVersion()),
	)
	root.SetHelpCommand(newHelp(root))
	root.Version = readBuild().Version
	root.InitDefaultVersionFlag()
	return root
}

// group makes a command that only holds other commands.
func group(use, short, example string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: example, Args: subcommandsOnly, RunE: showHelp}
	c.AddCommand(commands...)
	return c
}

// subcommandsOnly refuses arguments of a command that only holds other commands: they are misspelt names.
func subcommandsOnly(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	c.SuggestionsMinimumDistance = 2 // letters
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return usageErrorf("%s has no command %q%s", c.CommandPath(), args[0], hint)
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }
