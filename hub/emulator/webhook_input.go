package emulator

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hfbot/hfbot/hub"
)

// Bounds of a webhook's settings.
const (
	maxWatched       = 1000
	maxWebhookURL    = 2048
	maxWebhookSecret = 1024
)

// watchedTypes are the kinds of things a webhook can watch.
var watchedTypes = []string{"dataset", "model", "space", "bucket", "kernel", "user", "org"}

// webhookDomains are the kinds of events a webhook can ask for.
var webhookDomains = []string{"repo", "discussion"}

// webhookInput is the body of a call that makes or replaces a webhook.
type webhookInput struct {
	URL         string         `json:"url"`
	Watched     *[]hub.Watched `json:"watched"`
	Domains     *[]string      `json:"domains"`
	Secret      string         `json:"secret"`
	Job         *jobSpec       `json:"job"`
	JobSourceID string         `json:"jobSourceId"`
}

// settings checks the input. On an update, no URL means that the old one stays; everything else is replaced whole.
func (in webhookInput) settings(update bool) (webhookSettings, error) {
	var none webhookSettings
	if in.Watched == nil || in.Domains == nil {
		return none, errors.New(`"watched" and "domains" are required`)
	}
	if in.Job != nil {
		if err := in.Job.check(); err != nil {
			return none, err
		}
	}
	if in.URL != "" || !update && in.Job == nil {
		if err := checkWebhookURL(in.URL); err != nil {
			return none, err
		}
	}
	if err := checkWatched(*in.Watched); err != nil {
		return none, err
	}
	if len(*in.Domains) == 0 {
		return none, errors.New(`"domains" must not be empty`)
	}
	for _, domain := range *in.Domains {
		if !slices.Contains(webhookDomains, domain) {
			return none, fmt.Errorf(`domain %q is none of "repo" and "discussion"`, domain)
		}
	}
	if err := checkWebhookSecret(in.Secret); err != nil {
		return none, err
	}
	domains := []string{}
	for _, domain := range *in.Domains { // in the order given, each once
		if !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return webhookSettings{
		url:     in.URL,
		job:     in.Job,
		secret:  hub.Secret(in.Secret),
		watched: *in.Watched,
		domains: domains,
	}, nil
}

// checkWebhookURL wants an absolute http or https address; the Hub refuses plain http, the local one takes both.
func checkWebhookURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || len(address) > maxWebhookURL {
		return errors.New(`"url" must be an http or https address`)
	}
	return nil
}

// checkWatched checks the kinds and presence of names. Whether the named things exist is not checked, so that a webhook
// can be set up before the repository it waits for.
func checkWatched(watched []hub.Watched) error {
	if len(watched) > maxWatched {
		return fmt.Errorf(`"watched" has %d entries, at most %d are allowed`, len(watched), maxWatched)
	}
	for i, w := range watched {
		if !slices.Contains(watchedTypes, w.Type) {
			return fmt.Errorf(`watched[%d]: type %q is none of %q`, i, w.Type, watchedTypes)
		}
		if w.Name == "" || len(w.Name) > 200 {
			return fmt.Errorf("watched[%d]: a name of 1 to 200 bytes is required", i)
		}
	}
	return nil
}

// checkWebhookSecret wants characters that can stand in a header.
func checkWebhookSecret(secret string) error {
	if len(secret) > maxWebhookSecret {
		return fmt.Errorf(`"secret" is longer than %d bytes`, maxWebhookSecret)
	}
	for _, r := range secret {
		if r < 0x20 || r > 0x7f {
			return errors.New(`"secret" must match ^[\x20-\x7F]*$`)
		}
	}
	return nil
}
