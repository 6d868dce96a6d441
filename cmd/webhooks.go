package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// hooksFlags are the settings that the commands about webhooks take as flags.
var hooksFlags = []string{"endpoint"}

// listedWebhook is a webhook in the JSON of `hfbot webhooks`.
type listedWebhook struct {
	ID        string        `json:"id"`
	URL       string        `json:"url,omitempty"`
	Job       bool          `json:"job"` // it starts a Job instead of calling a URL
	Watched   []hub.Watched `json:"watched"`
	Domains   []string      `json:"domains"`
	State     string        `json:"state"` // enabled, disabled, suspended-after-failure
	HasSecret bool          `json:"has_secret"`
}

func newWebhooks() *cobra.Command {
	return group("webhooks", "The webhooks of the bot's account on the Hub",
		"  hfbot webhooks list\n  hfbot webhooks sync --url https://bot.example.org/webhook",
		newWebhooksList(), newWebhooksSync(), newWebhookChange("enable ID", "Switch a disabled or suspended webhook on", enableHook),
		newWebhookChange("delete ID", "Remove a webhook", deleteHook))
}

func newWebhooksList() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "list", Short: "List the account's webhooks",
		Long: `Lists the webhooks of the account that HF_TOKEN belongs to, with what each watches and whether the Hub has
suspended it.`,
		Example: "  hfbot webhooks list\n  hfbot webhooks list --json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			_, client, err := hubClient(c)
			if err != nil {
				return err
			}
			all, err := client.Webhooks(c.Context())
			if err != nil {
				return fmt.Errorf("list the webhooks: %w", err)
			}
			return listWebhooks(c.OutOrStdout(), all, f)
		},
	}
	config.AddFlags(c.Flags(), hooksFlags...)
	addFormat(c, &f, formatText, formatJSON)
	return c
}

func listWebhooks(w io.Writer, all []hub.Webhook, f format) error {
	list := []listedWebhook{}
	for _, h := range all {
		list = append(list, listedWebhook{
			ID: h.ID, URL: withoutQuery(h.URL), Job: h.Job != nil, Watched: orEmpty(h.Watched), Domains: orEmpty(h.Domains),
			State: cmp.Or(h.Disabled, "enabled"), HasSecret: h.HasSecret,
		})
	}
	if f.value == formatJSON {
		return writeJSON(w, map[string]any{"webhooks": list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no webhooks")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WEBHOOK\tSTATE\tTARGET\tWATCHES\tEVENTS")
	for _, h := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", h.ID, h.State, cmp.Or(h.URL, "a Job"), subscription.Describe(h.Watched),
			strings.Join(h.Domains, ", "))
	}
	return table.Flush()
}

// withoutQuery drops what may hold a secret.
func withoutQuery(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

func newWebhooksSync() *cobra.Command {
	var f format
	var address string
	var dryRun bool
	c := &cobra.Command{
		Use: "sync", Short: "Make the webhook fit the rules",
		Long: `Makes the webhook that calls --url if there is none, and else sets what it watches, which events it hears of
and its secret (the first of WEBHOOK_SECRET). One that the Hub has suspended is switched on again.`,
		Example: "  hfbot webhooks sync --url https://bot.example.org/webhook --rules rules.yaml --dry-run",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, client, err := hubClient(c)
			if err != nil {
				return err
			}
			result, err := syncWebhook(c.Context(), cfg, client, address, dryRun)
			if err != nil {
				return err
			}
			return showSync(c.OutOrStdout(), result, f, dryRun)
		},
	}
	config.AddFlags(c.Flags(), append([]string{"rules", "watch", "public_host"}, hooksFlags...)...)
	c.Flags().StringVar(&address, "url", "", "where the Hub reaches the bot (default https://PUBLIC_HOST/webhook)")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change, and change nothing")
	addFormat(c, &f, formatText, formatJSON)
	return c
}

func syncWebhook(
	ctx context.Context, cfg *config.Config, client *hub.Client, address string, dryRun bool,
) (subscription.Result, error) {
	none := subscription.Result{}
	if address == "" {
		if cfg.PublicHost == "" {
			return none, usageErrorf("--url is required: the address at which the Hub reaches the bot, ending in /webhook")
		}
		address = subscription.Address(cfg.PublicHost)
	}
	if err := cfg.RequireWebhookSecret(); err != nil {
		return none, err
	}
	set, problems, err := rulesOf(ctx, cfg)
	if err != nil {
		return none, err
	}
	if set == nil {
		return none, fmt.Errorf("the rules have errors:\n%s", strings.TrimSpace(problems.Text()))
	}
	me, err := client.WhoAmI(ctx)
	if err != nil {
		return none, fmt.Errorf("ask the Hub who the token belongs to: %w", err)
	}
	interest := bot.Interest(set)
	watched, err := subscription.Watched(ctx, client, interest, cfg.Watch, me.Name)
	if err != nil {
		return none, err
	}
	wish := subscription.Wish{URL: address, Watched: watched, Domains: interest.Domains, Force: true}
	if len(cfg.WebhookSecrets) > 0 {
		wish.Secret = cfg.WebhookSecrets[0]
	}
	return subscription.Sync(ctx, client, wish, dryRun)
}

func showSync(w io.Writer, result subscription.Result, f format, dryRun bool) error {
	if f.value == formatJSON {
		return writeJSON(w, result)
	}
	would := ""
	if dryRun {
		would = "dry run, nothing is changed: "
	}
	if len(result.Changes) == 0 {
		_, err := fmt.Fprintf(w, "%swebhook %s is as the rules need it\n", would, result.ID)
		return err
	}
	_, err := fmt.Fprintf(w, "%swebhook %s: %s\n", would, result.ID, strings.Join(result.Changes, "; "))
	return err
}

func newWebhookChange(use, short string, change func(context.Context, *hub.Client, string) (string, error)) *cobra.Command {
	name, _, _ := strings.Cut(use, " ")
	c := &cobra.Command{
		Use: use, Short: short, Example: "  hfbot webhooks " + name + " 66eb842dd6135a49c078a6cc",
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			_, client, err := hubClient(c)
			if err != nil {
				return err
			}
			said, err := change(c.Context(), client, args[0])
			if hub.IsNotFound(err) {
				return fmt.Errorf("the account has no webhook %s; hfbot webhooks list shows those it has", args[0])
			} else if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), said)
			return err
		},
	}
	config.AddFlags(c.Flags(), hooksFlags...)
	return c
}

func enableHook(ctx context.Context, client *hub.Client, id string) (string, error) {
	_, err := client.EnableWebhook(ctx, id)
	return "webhook " + id + " is switched on", err
}

func deleteHook(ctx context.Context, client *hub.Client, id string) (string, error) {
	return "webhook " + id + " is deleted", client.DeleteWebhook(ctx, id)
}

// hubClient reads the settings and makes a client of the Hub with the token in them.
func hubClient(c *cobra.Command) (*config.Config, *hub.Client, error) {
	cfg, err := config.Load(c.Flags())
	if err != nil {
		return nil, nil, err
	}
	if cfg.Token == "" {
		return nil, nil, errors.New("no HF_TOKEN: set it to a token of the bot's account (https://huggingface.co/settings/tokens)")
	}
	client, err := hub.New(cfg.Endpoint, cfg.Token, tellRetries(c.ErrOrStderr()))
	return cfg, client, err
}

// tellRetries has a client say what it waits for when a call to the Hub has failed and is made again.
func tellRetries(w io.Writer) hub.Option {
	return hub.WithRetries(func(r hub.Retry) {
		fmt.Fprintf(w, "%s; try %d of %d in %s\n", plain(line(r.Err.Error())), r.Try, r.Tries, r.Wait)
	})
}
