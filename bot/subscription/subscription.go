// Package subscription keeps the bot's webhook on the Hub as the rules need it: what it watches, its secret, and that it is
// switched on. A person never has to type an address or a secret twice.
package subscription

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// Wish is how the webhook should be.
type Wish struct {
	URL     string       // that the Hub calls; or Job
	Job     *hub.JobSpec // a Job that the Hub starts instead; found again by its label
	Secret  hub.Secret   // sent with each delivery
	Watched []hub.Watched
	Domains []string
	Force   bool // set it also when nothing else differs: the Hub never says which secret it has
}

// Result is what Sync did, or, of a dry run, would do.
type Result struct {
	ID      string   `json:"id"`      // of the webhook; empty when a dry run would make one
	Changes []string `json:"changes"` // in words; empty: it was as it should be
	Resumed bool     `json:"-"`       // the Hub had suspended it, so that deliveries were missed; now it is on again
	State   string   `json:"-"`       // as it was found: empty, hub.WebhookDisabled or hub.WebhookSuspended
}

// Label marks the Job of a webhook as one bot's, so that it is found again.
const Label = "hfbot"

// Address is the URL of a bot's receiver, from the host name that the world knows it by. Only a bot on this machine,
// beside a local Hub, is called without TLS.
func Address(host string) string {
	if !strings.Contains(host, "://") {
		scheme := "https://"
		if hub.OnThisMachine("//" + host) {
			scheme = "http://"
		}
		host = scheme + host
	}
	return strings.TrimSuffix(host, "/") + "/webhook"
}

// DeriveSecret makes the webhook secret of a bot that was given none: the same at each start, different for each bot and
// generation, and of no use to learn the token.
func DeriveSecret(token hub.Secret, name string, generation int) hub.Secret {
	mac := hmac.New(sha256.New, []byte(token.Reveal()))
	_, _ = fmt.Fprintf(mac, "hfbot webhook secret %d of %s", generation, name) // a hash never fails
	return hub.Secret(hex.EncodeToString(mac.Sum(nil)))
}

// DeriveSecrets are the secret of a generation and the one before it: a secret is rotated by counting up, and what the Hub
// still sends with the old one is taken.
func DeriveSecrets(token hub.Secret, name string, generation int) []hub.Secret {
	secrets := []hub.Secret{DeriveSecret(token, name, generation)}
	if generation > 0 {
		secrets = append(secrets, DeriveSecret(token, name, generation-1))
	}
	return secrets
}

// Sync makes the account's webhook as wished: it is made if missing, mended if it differs, enabled if the Hub has
// suspended it, and further ones with the same address are deleted, since they would deliver everything twice. One that
// a person has switched off stays off. With dryRun, nothing is changed.
func Sync(ctx context.Context, client *hub.Client, w Wish, dryRun bool) (Result, error) {
	result := Result{Changes: []string{}}
	all, err := client.Webhooks(ctx)
	if err != nil {
		return result, explain("list the webhooks", err)
	}
	mine := slices.DeleteFunc(all, func(h hub.Webhook) bool { return !w.is(h) })
	if len(mine) == 0 {
		result.Changes = append(result.Changes, "made, watching "+Describe(w.Watched))
		if dryRun {
			return result, nil
		}
		made, err := client.CreateWebhook(ctx, w.input())
		if err != nil {
			return result, explain("make the webhook", err)
		}
		result.ID = made.ID
		return result, nil
	}
	result.ID = mine[0].ID
	err = w.mend(ctx, client, mine[0], &result, dryRun)
	for _, extra := range mine[1:] {
		result.Changes = append(result.Changes, "deleted "+extra.ID+", which called the same address")
		if !dryRun {
			err = errors.Join(err, explain("delete a second webhook", client.DeleteWebhook(ctx, extra.ID)))
		}
	}
	return result, err
}

// mend changes an existing webhook where it differs.
func (w Wish) mend(ctx context.Context, client *hub.Client, have hub.Webhook, result *Result, dryRun bool) error {
	result.State = have.Disabled
	differs := w.differences(have)
	result.Changes = append(result.Changes, differs...)
	if have.Disabled == hub.WebhookDisabled {
		result.Changes = append(result.Changes, "left switched off, as a person has set it (hfbot webhooks enable "+have.ID+")")
	}
	suspended := have.Disabled == hub.WebhookSuspended
	if suspended {
		result.Changes = append(result.Changes, "switched on again: the Hub had suspended it after failed deliveries")
	}
	if dryRun {
		return nil
	}
	if len(differs) > 0 || w.Force {
		if _, err := client.UpdateWebhook(ctx, have.ID, w.input()); err != nil {
			return explain("change the webhook", err)
		}
	}
	if suspended {
		if _, err := client.EnableWebhook(ctx, have.ID); err != nil {
			return explain("switch the webhook on", err)
		}
		result.Resumed = true
	}
	return nil
}

// differences tells in words what is not as wished.
func (w Wish) differences(have hub.Webhook) []string {
	var words []string
	if got := normal(have.Watched); !slices.Equal(got, normal(w.Watched)) {
		words = append(words, fmt.Sprintf("watches %s instead of %s", Describe(w.Watched), Describe(have.Watched)))
	}
	if got := sorted(have.Domains); !slices.Equal(got, sorted(w.Domains)) {
		words = append(words, fmt.Sprintf("hears of %s instead of %s",
			strings.Join(sorted(w.Domains), " and "), strings.Join(got, " and ")))
	}
	if have.HasSecret != (w.Secret != "") {
		words = append(words, "its secret set")
	}
	if w.Job != nil && !sameJob(*w.Job, *have.Job) {
		words = append(words, "starts another Job")
	}
	return words
}

func sameJob(a, b hub.JobSpec) bool {
	return a.DockerImage == b.DockerImage && a.SpaceID == b.SpaceID && a.Flavor == b.Flavor &&
		slices.Equal(a.Command, b.Command) && slices.Equal(a.Arguments, b.Arguments)
}

// is tells whether a webhook is the one that is meant: it calls the same address, or starts the same bot's Job.
func (w Wish) is(have hub.Webhook) bool {
	if w.Job != nil {
		return have.Job != nil && w.Job.Labels[Label] != "" && have.Job.Labels[Label] == w.Job.Labels[Label]
	}
	return have.URL != "" && sameAddress(have.URL, w.URL)
}

// sameAddress compares without the query, which may hold a secret, and without regard to the case of the host.
func sameAddress(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && strings.EqualFold(ua.Host, ub.Host) &&
		strings.TrimSuffix(ua.Path, "/") == strings.TrimSuffix(ub.Path, "/")
}

func (w Wish) input() hub.WebhookInput {
	return hub.WebhookInput{URL: w.URL, Job: w.Job, Secret: w.Secret, Watched: w.Watched, Domains: sorted(w.Domains)}
}

// normal brings a list of watched things into an order, without regard to the case of names.
func normal(list []hub.Watched) []string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = w.Type + ":" + strings.ToLower(w.Name)
	}
	return slices.Compact(sorted(words))
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// Describe names what is watched: "user demo, model acme/tiny".
func Describe(list []hub.Watched) string {
	if len(list) == 0 {
		return "nothing"
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = w.Type + " " + w.Name
	}
	return strings.Join(words, ", ")
}

// explain says what a refusal means and what to do.
func explain(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case hub.IsForbidden(err):
		return fmt.Errorf("%s: the token may not manage webhooks; give it the permission for webhooks at "+
			"https://huggingface.co/settings/tokens, or make the webhook by hand: %w", doing, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
