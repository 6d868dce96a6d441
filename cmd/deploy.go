package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/cmd/deploy"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// deployOptions are the arguments and flags of `hfbot deploy`.
type deployOptions struct {
	name       string
	dir        string
	token      string // environment variable or file that holds the Space's token
	visibility string
	dryRun     bool
	rotate     bool
	job        bool
	image      string
	flavor     string
	wait       time.Duration
	format     format
	out, err   io.Writer
}

func newDeploy() *cobra.Command {
	var o deployOptions
	c := &cobra.Command{
		Use:   "deploy OWNER/NAME",
		Short: "Put the bot in this folder on a Space, or bring the Space up to date",
		Long: `Makes the Space OWNER/NAME if there is none, sets its secrets and variables, commits the files of this folder, waits
until it runs, makes the webhook watch what the rules need, and sends a first delivery. Called again, it changes only
what differs. The bot acts with --space-token, a token of its own account; without it, with the caller's HF_TOKEN.

With --job there is no server: the webhook makes the Hub start a Job for each event, which runs hfbot run-once with the
rules from the dataset OWNER/NAME. Jobs are paid by the second.`,
		Example: "  hfbot deploy acme-lab/my-bot --dry-run\n  hfbot deploy acme-lab/my-bot --space-token \"$BOT_TOKEN\"\n" +
			"  hfbot deploy acme-lab/my-bot --rotate-secret\n  hfbot deploy acme-lab/my-bot --job",
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.out, o.err = args[0], c.OutOrStdout(), c.ErrOrStderr()
			return runDeploy(c, o)
		},
	}
	c.Flags().StringVar(&o.dir, "dir", ".", "the bot's folder, with rules.yaml at its top")
	c.Flags().StringVar(&o.token, "space-token", "", "token that the bot acts with (default HFBOT_SPACE_TOKEN, else HF_TOKEN)")
	c.Flags().StringVar(&o.visibility, "visibility", hub.VisibilityProtected,
		"of a new Space: protected (its files are private) or public")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	c.Flags().BoolVar(&o.rotate, "rotate-secret", false, "give the webhook a new secret; the old one stays valid until the next")
	c.Flags().BoolVar(&o.job, "job", false, "no Space: a webhook that starts a Job for each event")
	c.Flags().StringVar(&o.image, "image", "ghcr.io/hfbot/hfbot:latest", "with --job, the image that holds hfbot")
	c.Flags().StringVar(&o.flavor, "flavor", "cpu-basic", "with --job, the hardware")
	c.Flags().DurationVar(&o.wait, "wait", 15*time.Minute, "how long the Space may take to run")
	config.AddFlags(c.Flags(), "endpoint", "watch")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

var spaceName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`)

func runDeploy(c *cobra.Command, o deployOptions) error {
	if !spaceName.MatchString(o.name) {
		return usageErrorf("%q is no OWNER/NAME, such as acme-lab/my-bot", o.name)
	}
	if o.visibility != hub.VisibilityProtected && o.visibility != hub.VisibilityPublic {
		return usageErrorf("--visibility must be protected or public: the Hub cannot reach the app of a private Space")
	}
	cfg, client, err := hubClient(c)
	if err != nil {
		return err
	}
	set, problems := rule.Load([]string{filepath.Join(o.dir, "rules.yaml")},
		rule.Options{Actions: actions.Default})
	fmt.Fprint(o.err, problems.Text())
	if set == nil {
		return fmt.Errorf("the rules have errors; nothing was deployed")
	}
	options, err := o.options(cfg, client, set)
	if err != nil {
		return err
	}
	if options.Token.Reveal() == cfg.Token.Reveal() {
		fmt.Fprintln(o.err, "warning: the bot gets your own token: it may all that you may, and takes what you do for its own acts, "+
			"which rules leave alone; better give it a token of an account of its own with --space-token")
	}
	run := deploy.Run
	if o.job {
		run = deploy.RunJob
	}
	result, err := run(c.Context(), options)
	return o.show(result, err)
}

func (o deployOptions) options(cfg *config.Config, client *hub.Client, set *rule.Set) (deploy.Options, error) {
	token := hub.Secret(strings.TrimSpace(firstOf(o.token, os.Getenv("HFBOT_SPACE_TOKEN"), cfg.Token.Reveal())))
	bot, err := hub.New(cfg.Endpoint, token)
	if err != nil {
		return deploy.Options{}, err
	}
	kind := hub.Space
	if o.job {
		kind = hub.Dataset
	}
	progress := o.out
	if o.format.value == formatJSON {
		progress = o.err
	}
	var secrets []string
	for _, s := range cfg.WebhookSecrets {
		secrets = append(secrets, s.Reveal())
	}
	return deploy.Options{
		Space: hub.RepoRef{Type: kind, Name: o.name}, Dir: o.dir, Rules: set, Client: client, Token: token, BotClient: bot,
		Secret: hub.Secret(strings.Join(secrets, ",")), AdminToken: cfg.AdminToken, Watch: cfg.Watch, Visibility: o.visibility,
		Rotate: o.rotate, DryRun: o.dryRun, Local: hub.OnThisMachine(cfg.Endpoint), Wait: o.wait, LookupEnv: os.LookupEnv,
		Image: o.image, Flavor: o.flavor, Out: progress, HTTP: http.DefaultClient,
	}, nil
}

// show prints the result. What was done before an error counts too.
func (o deployOptions) show(result *deploy.Result, failure error) error {
	if failure != nil {
		if errors.Is(failure, context.Canceled) {
			return errors.New("interrupted; call it again to go on where it stopped")
		}
		return failure
	}
	if o.format.value == formatJSON {
		return writeJSON(o.out, result)
	}
	fmt.Fprintln(o.out)
	switch {
	case o.dryRun && len(result.Changes) > 0:
		fmt.Fprintln(o.out, "dry run: nothing was changed")
	case len(result.Changes) == 0:
		fmt.Fprintln(o.out, "nothing to change: it is as this folder says")
	}
	if o.job {
		fmt.Fprintf(o.out, "rules    %s\nwebhook  %s starts a Job for each event\n", result.URL, result.Webhook)
		return nil
	}
	if result.Test == nil && !o.dryRun {
		fmt.Fprintln(o.out, "no test delivery was sent: a local Hub builds no Spaces; run the bot with hfbot serve")
	}
	fmt.Fprintf(o.out, "Space    %s (%s)\nwebhook  %s\n",
		result.URL, cmp.Or(result.Stage, "not made yet"), strings.TrimSpace(result.Webhook+" "+result.Address))
	return nil
}
