// Package deploy puts a bot's folder on a Space of the Hub: repository, secrets, variables, files, webhook. What is as it
// should be already is left alone, so the same call makes a Space and brings it up to date.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
)

// Options say what is deployed where.
type Options struct {
	Space      hub.RepoRef
	Dir        string // the bot's folder
	Rules      *rule.Set
	Client     *hub.Client   // of the caller, who makes and changes the Space
	Token      hub.Secret    // that the bot gets as HF_TOKEN
	BotClient  *hub.Client   // with Token; the webhook belongs to its account
	Secret     hub.Secret    // WEBHOOK_SECRET, the newest first; empty: the bot derives it from its token
	AdminToken hub.Secret    // HFBOT_ADMIN_TOKEN; empty: none
	Watch      []string      // beside what the rules name
	Visibility string        // of a new Space
	Rotate     bool          // a new webhook secret
	DryRun     bool          // tell, and change nothing
	Local      bool          // the Hub is a local one, which builds nothing
	Wait       time.Duration // how long the Space may take to run
	LookupEnv  func(string) (string, bool)
	Out        io.Writer // progress
	HTTP       Doer
	Image      string // of a Job
	Flavor     string // of a Job
}

// Result is what was done, or, of a dry run, would be.
type Result struct {
	Space   string   `json:"space"`
	URL     string   `json:"url"`     // of the Space's page
	Address string   `json:"address"` // of the bot's webhook receiver
	Webhook string   `json:"webhook"` // id; empty in a dry run that would make one
	Stage   string   `json:"stage"`   // of the Space
	Changes []string `json:"changes"`
	DryRun  bool     `json:"dry_run"`
	Test    *Test    `json:"test,omitempty"` // nil on a local Hub
}

// deployment is one call under way.
type deployment struct {
	Options
	result Result
}

// Run deploys.
func Run(ctx context.Context, o Options) (*Result, error) {
	d := &deployment{Options: o, result: Result{
		Space: o.Space.Name, URL: o.Client.RepoURL(o.Space), Changes: []string{}, DryRun: o.DryRun,
	}}
	if err := d.repository(ctx); err != nil {
		return &d.result, err
	}
	if err := d.awaitRunning(ctx); err != nil {
		return &d.result, err
	}
	// The first delivery goes before the webhook: a new secret must not be sent by the Hub while the bot that does not
	// know it still answers.
	if !o.DryRun && d.served() {
		test, err := d.test(ctx)
		d.result.Test = test
		if err != nil {
			return &d.result, err
		}
	}
	return &d.result, d.webhook(ctx)
}

// served tells whether there is a bot to send a first delivery to. A local Hub builds nothing, but somebody may run the
// bot in its place, on this machine.
func (d *deployment) served() bool {
	return !d.Local || hub.OnThisMachine(d.result.Address)
}

// repository brings the Space's settings and files up to date.
func (d *deployment) repository(ctx context.Context) error {
	exists, err := d.Client.RepoExists(ctx, d.Space)
	if err != nil {
		return fmt.Errorf("look for the Space %s: %w", d.Space.Name, err)
	}
	files, err := readFolder(d.Dir, title(d.Space.Name))
	if err != nil {
		return err
	}
	secrets, variables := d.secrets(), d.variables(map[string]string{})
	if !exists {
		if err := d.create(ctx, secrets, variables); err != nil {
			return err
		}
	} else if err := d.settings(ctx, secrets); err != nil {
		return err
	}
	return d.commit(ctx, files, exists)
}

// create makes the Space with its settings at once, so that it does not start without them.
func (d *deployment) create(ctx context.Context, secrets []hub.SpaceSecretInput, variables []hub.SpaceVariable) error {
	fmt.Fprintln(d.Out, costNotice)
	if err := d.createRepo(ctx, secrets, variables); err != nil {
		return err
	}
	d.say("make the Space %s (%s, Docker, free hardware)", d.Space.Name, d.Visibility)
	for _, s := range secrets {
		d.say("set the secret %s", s.Key)
	}
	for _, v := range variables {
		d.say("set the variable %s to %s", v.Key, v.Value)
	}
	return nil
}

func (d *deployment) createRepo(ctx context.Context, secrets []hub.SpaceSecretInput, variables []hub.SpaceVariable) error {
	if d.DryRun {
		return nil
	}
	err := d.Client.CreateRepo(ctx, d.Space, hub.CreateRepoOptions{
		Visibility: d.Visibility, SpaceSDK: "docker", Secrets: secrets, Variables: variables,
	})
	switch {
	case hub.IsPaymentRequired(err):
		return fmt.Errorf("the Hub wants a paid plan for this Space; nothing was made.\n%s\n%w", otherWays, err)
	case hub.IsForbidden(err):
		return fmt.Errorf("make the Space %s: the token may not make repositories there; "+
			"it needs the role write, or write access to the namespace: %w", d.Space.Name, err)
	case err != nil:
		return fmt.Errorf("make the Space %s: %w", d.Space.Name, err)
	}
	return nil
}

// webhook makes the webhook fit the rules. The bot on the Space does the same at its start; here it is done so that it
// is right before the first event, and to say so.
func (d *deployment) webhook(ctx context.Context) error {
	interest := d.Rules.Interest()
	watched, err := subscription.Watched(ctx, d.BotClient, interest, d.Watch, owner(d.Space.Name))
	if err != nil {
		return fmt.Errorf("find what the webhook of %s is to watch: %w", d.Space.Name, err)
	}
	variables, err := d.Client.SpaceVariables(ctx, d.Space)
	if err != nil && !d.DryRun {
		return fmt.Errorf("list the Space's variables: %w", err)
	}
	done, err := subscription.Sync(ctx, d.BotClient, subscription.Wish{
		URL: d.result.Address, Secret: d.current(variables), Watched: watched, Domains: interest.Domains, Force: d.Rotate,
	}, d.DryRun)
	for _, change := range done.Changes {
		d.say("set the webhook to %s: %s", d.result.Address, change)
	}
	d.result.Webhook = done.ID
	return err
}

// say notes a change and tells it, when it was made: what is told before an error was done.
func (d *deployment) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.result.Changes = append(d.result.Changes, text)
	would := ""
	if d.DryRun {
		would = "would "
	}
	fmt.Fprintf(d.Out, "%s%s\n", would, text)
}

// awaitRunning waits until the Space runs, and finds out where.
func (d *deployment) awaitRunning(ctx context.Context) error {
	d.result.Address = subscription.Address(guessHost(d.Space.Name))
	runtime, err := d.Client.SpaceRuntime(ctx, d.Space)
	if d.DryRun && err != nil {
		return nil // it is not there yet
	}
	if err != nil {
		return fmt.Errorf("ask how the Space does: %w", err)
	}
	if d.DryRun {
		d.found(runtime)
		return nil
	}
	if asleep(runtime.Stage) {
		if err := d.Client.RestartSpace(ctx, d.Space, false); err != nil {
			return fmt.Errorf("start the Space: %w", err)
		}
		d.say("start the Space, which is %s", runtime.Stage)
	}
	limited, cancel := context.WithTimeout(ctx, d.Wait)
	defer cancel()
	runtime, err = d.waitFor(limited)
	if err != nil {
		return d.whyNot(ctx, err)
	}
	d.found(runtime)
	return nil
}

// waitFor follows the Space's stages. A new Space shows for a moment that it has no files yet.
func (d *deployment) waitFor(ctx context.Context) (*hub.SpaceRuntime, error) {
	for patience := 10; ; patience-- {
		begun := time.Now()
		runtime, err := d.Client.WaitForSpace(ctx, d.Space, func(r *hub.SpaceRuntime) {
			fmt.Fprintf(d.Out, "  the Space is %s\n", r.Stage)
		}, hub.StageRunning)
		failed := new(hub.SpaceFailedError)
		if patience == 0 || !errors.As(err, &failed) || failed.Stage != hub.StageNoAppFile || time.Since(begun) > time.Minute {
			return runtime, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// found keeps where the Space is served and its stage.
func (d *deployment) found(r *hub.SpaceRuntime) {
	d.result.Stage = r.Stage
	if len(r.Domains) > 0 && r.Domains[0].Domain != "" {
		d.result.Address = subscription.Address(r.Domains[0].Domain)
	}
}
