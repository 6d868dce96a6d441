package deploy

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
)

// jobNotice says what Jobs cost (https://huggingface.co/docs/hub/jobs-pricing).
const jobNotice = "" +
	"  Jobs need credits or a paid plan and are paid by the second; each event that the webhook hears of starts one,\n" +
	"  also when no rule matches. Let rules name their repositories, so that few do."

// RunJob deploys without a server: the rules go to a private dataset, and a webhook starts a Job for each event, which
// reads the event from its environment (https://huggingface.co/docs/hub/jobs-webhooks).
func RunJob(ctx context.Context, o Options) (*Result, error) {
	d := &deployment{Options: o, result: Result{
		Space: o.Space.Name, URL: o.Client.RepoURL(o.Space), Changes: []string{}, DryRun: o.DryRun,
	}}
	fmt.Fprintln(d.Out, jobNotice)
	exists, err := d.Client.RepoExists(ctx, d.Space)
	if err != nil {
		return &d.result, fmt.Errorf("look for the dataset %s: %w", d.Space.Name, err)
	}
	files, err := readFolder(d.Dir, title(d.Space.Name))
	if err != nil {
		return &d.result, err
	}
	for _, name := range []string{"Dockerfile", "README.md"} { // a Space's
		delete(files, name)
	}
	files["README.md"] = []byte("# Rules of the bot " + d.Space.Name + "\n\nRead by the Jobs that its webhook starts.\n")
	if !exists {
		if !d.DryRun {
			if err := d.Client.CreateRepo(ctx, d.Space, hub.CreateRepoOptions{Private: true}); err != nil {
				return &d.result, fmt.Errorf("make the dataset %s: %w", d.Space.Name, err)
			}
		}
		d.say("make the private dataset %s for the rules", d.Space.Name)
	}
	if err := d.commit(ctx, files, exists); err != nil {
		return &d.result, err
	}
	if err := d.readable(ctx); err != nil {
		return &d.result, err
	}
	return &d.result, d.jobWebhook(ctx)
}

// readable makes sure that the Jobs, which act with the bot's token, can read the rules.
func (d *deployment) readable(ctx context.Context) error {
	if d.DryRun {
		return nil
	}
	_, err := d.BotClient.RepoInfo(ctx, d.Space, "")
	if hub.IsNotFound(err) || hub.IsForbidden(err) {
		return fmt.Errorf("the bot's account may not read the private dataset %s, so its Jobs could not load the rules: "+
			"deploy to a name of the bot's own account or of an organisation that it is in, or make the dataset public", d.Space.Name)
	} else if err != nil {
		return fmt.Errorf("read the dataset %s as the bot: %w", d.Space.Name, err)
	}
	return nil
}

func (d *deployment) jobWebhook(ctx context.Context) error {
	interest := d.Rules.Interest()
	watched, err := subscription.Watched(ctx, d.BotClient, interest, d.Watch, owner(d.Space.Name))
	if err != nil {
		return fmt.Errorf("find what the webhook of %s is to watch: %w", d.Space.Name, err)
	}
	done, err := subscription.Sync(ctx, d.BotClient, subscription.Wish{
		Job: d.job(), Watched: watched, Domains: interest.Domains, Force: d.Rotate,
	}, d.DryRun)
	for _, change := range done.Changes {
		d.say("set the webhook that starts a Job: %s", change)
	}
	d.result.Webhook = done.ID
	return err
}

// job is what each event starts.
func (d *deployment) job() *hub.JobSpec {
	secrets := map[string]hub.Secret{}
	for _, s := range d.secrets() {
		secrets[s.Key] = s.Value
	}
	environment := map[string]string{}
	if d.Local {
		environment["HF_ENDPOINT"] = d.Client.Endpoint()
	}
	rules := hub.FileRef{Repo: d.Space, Path: "rules.yaml"}
	return &hub.JobSpec{
		DockerImage: d.Image, Command: []string{"hfbot"}, Arguments: []string{"run-once", "--rules", rules.String()},
		Environment: environment, Secrets: secrets, Flavor: d.Flavor, TimeoutSeconds: 3600,
		Labels: map[string]string{subscription.Label: label(d.Space.Name)},
	}
}

// label writes a name with the characters that labels may have.
func label(name string) string { return notHost.ReplaceAllString(strings.ToLower(name), "-") }
