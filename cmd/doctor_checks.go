package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/internal/database"
)

// tokenPage is where tokens are made.
const tokenPage = "https://huggingface.co/settings/tokens"

func (d *doctor) checkRules(ctx context.Context) finding {
	set, problems, err := rulesOf(ctx, d.cfg)
	switch {
	case errors.Is(err, bot.ErrRulesUnread):
		return finding{"rules", checkFail, err.Error(), "look at HFBOT_RULES, and whether the token may read that repository"}
	case err != nil:
		return finding{"rules", checkFail, err.Error(), "hfbot init DIR makes a folder with rules"}
	case set == nil:
		return finding{
			"rules", checkFail, count(len(problems), "problem") + ", the first: " + problems[0].String(),
			"hfbot check shows all of them",
		}
	case len(problems) > 0:
		d.rules = set
		return finding{"rules", checkWarn, problems[0].String(), "hfbot check shows all warnings"}
	}
	d.rules = set
	return finding{"rules", checkOK, count(len(set.Rules), "rule"), ""}
}

func (d *doctor) checkSecret(context.Context) finding {
	switch n := len(d.cfg.WebhookSecrets); {
	case n > 1:
		return finding{"secret", checkOK, fmt.Sprintf("%d webhook secrets are valid, the first is the new one", n), ""}
	case n == 1 && len(d.cfg.WebhookSecrets[0].Reveal()) < 16:
		return finding{
			"secret", checkWarn, "the webhook secret is short enough to be guessed",
			"take a longer one, such as from: openssl rand -hex 32",
		}
	case n == 1:
		return finding{"secret", checkOK, "WEBHOOK_SECRET is set", ""}
	case d.cfg.ManagesWebhook():
		return finding{"secret", checkOK, "derived from the token", ""}
	case d.cfg.InsecureNoSecret:
		return finding{"secret", checkWarn, "anybody who reaches the bot can make it act", "set WEBHOOK_SECRET"}
	}
	return finding{
		"secret", checkFail, "no WEBHOOK_SECRET",
		"set it to the secret of the webhook; any long random text, such as from: openssl rand -hex 32",
	}
}

func (d *doctor) checkDatabase(ctx context.Context) finding {
	path, isSQLite := database.SQLite(d.cfg.Database)
	if !isSQLite {
		return d.checkPostgres(ctx)
	}
	probe := filepath.Dir(path)
	for { // the folder is made at the start, so its nearest parent must be writable
		if _, err := os.Stat(probe); err == nil || filepath.Dir(probe) == probe {
			break
		}
		probe = filepath.Dir(probe)
	}
	file, err := os.CreateTemp(probe, ".hfbot-doctor-")
	if err != nil {
		return finding{
			"database", checkFail, fmt.Sprintf("%s: %v", d.cfg.Database, err),
			"name a place that can be written to with --database",
		}
	}
	_ = file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return finding{"database", checkFail, err.Error(), ""}
	}
	if d.cfg.OnSpace() && d.onRootDisk(path) {
		return finding{
			"database", checkWarn, d.cfg.Database + " is on the Space's own disk, which is emptied at each restart",
			bot.KeepState,
		}
	}
	return finding{"database", checkOK, d.cfg.Database, ""}
}

func (d *doctor) checkHub(ctx context.Context) finding {
	status, header, err := d.get(ctx, d.cfg.Endpoint+"/api/whoami-v2")
	d.noHub = true
	switch {
	case err != nil:
		return finding{
			"hub", checkFail, fmt.Sprintf("%s does not answer: %v", d.cfg.Endpoint, err),
			"look at HF_ENDPOINT, the network and its proxy",
		}
	case status != http.StatusOK && status != http.StatusUnauthorized:
		return finding{
			"hub", checkFail, fmt.Sprintf("%s answers %d; it does not look like a Hub", d.cfg.Endpoint, status),
			"look at HF_ENDPOINT",
		}
	case !strings.Contains(header.Get("Content-Type"), "json"):
		return finding{
			"hub", checkFail, d.cfg.Endpoint + " answers with a page; it does not look like a Hub",
			"look at HF_ENDPOINT, and whether the network wants you to sign in first",
		}
	}
	d.noHub = false
	return finding{"hub", checkOK, d.cfg.Endpoint + " answers", ""}
}

// mostSkew is how far the clock may be off: certificates and rate limits are in time.
const mostSkew = 2 * time.Minute

func (d *doctor) checkClock(ctx context.Context) finding {
	_, header, err := d.get(ctx, d.cfg.Endpoint+"/api/whoami-v2")
	if err != nil {
		return finding{"clock", checkSkip, "the Hub does not answer", ""}
	}
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return finding{"clock", checkSkip, "the Hub does not say what time it is", ""}
	}
	off := d.now().Sub(theirs).Round(time.Second)
	if off.Abs() > mostSkew {
		return finding{
			"clock", checkFail, fmt.Sprintf("this machine's clock is off by %s", off),
			"set it, or let it be set over the network (NTP)",
		}
	}
	return finding{"clock", checkOK, fmt.Sprintf("within %s of the Hub's", mostSkew), ""}
}

func (d *doctor) checkToken(ctx context.Context) finding {
	if d.cfg.Token == "" {
		return finding{
			"token", checkFail, "no HF_TOKEN: the bot can do nothing on the Hub",
			"make one for the bot's account at " + tokenPage + ", and set HF_TOKEN to it",
		}
	}
	if d.noHub {
		return finding{"token", checkSkip, "needs a Hub that answers", ""}
	}
	client, err := hub.New(d.cfg.Endpoint, d.cfg.Token)
	if err != nil {
		return finding{"token", checkFail, err.Error(), ""}
	}
	me, err := client.WhoAmI(ctx)
	switch {
	case hub.IsForbidden(err):
		return finding{
			"token", checkFail, "the Hub does not know HF_TOKEN; it may have been revoked or cut off",
			"make a new one at " + tokenPage + ", and set HF_TOKEN to it",
		}
	case err != nil:
		return finding{"token", checkFail, err.Error(), "look at HF_ENDPOINT, the network and its proxy"}
	}
	d.client, d.me = client, me
	token := me.Auth.AccessToken
	text := fmt.Sprintf("%s, with the role %s", me.Name, cmp.Or(token.Role, "that the Hub does not name"))
	switch token.Role {
	case hub.TokenRead:
		return finding{
			"token", checkFail, text + ": it may write nothing",
			"make one with the role fine-grained or write at " + tokenPage,
		}
	case hub.TokenWrite:
		return finding{
			"token", checkWarn, text + ": it may write wherever the account may",
			"a fine-grained token for the watched repositories does less harm when it leaks",
		}
	case hub.TokenFineGrained:
		if lacks := d.lacking(token); lacks != "" {
			return finding{"token", checkFail, text + ": it may not " + lacks, "give it that permission at " + tokenPage}
		}
	}
	return finding{"token", checkOK, text, ""}
}

// lacking tells what a bot needs and a fine-grained token may do nowhere; empty when it has all.
func (d *doctor) lacking(token hub.TokenInfo) string {
	needs := []struct{ permission, words string }{{hub.PermissionDiscussion, "write in discussions"}}
	if d.cfg.ManagesWebhook() {
		needs = append(needs, struct{ permission, words string }{hub.PermissionWebhooks, "manage webhooks"})
	}
	for _, need := range needs {
		has := token.FineGrained != nil && (slices.Contains(token.FineGrained.Global, need.permission) ||
			slices.ContainsFunc(token.FineGrained.Scoped, func(s hub.TokenScope) bool {
				return slices.Contains(s.Permissions, need.permission)
			}))
		if !has {
			return need.words
		}
	}
	return ""
}

func (d *doctor) checkAddress(ctx context.Context) finding {
	if d.cfg.PublicHost == "" {
		return finding{
			"address", checkSkip, "no public_host: whether the Hub reaches the bot cannot be told",
			"set HFBOT_PUBLIC_HOST to the bot's host name",
		}
	}
	address := strings.TrimSuffix(subscription.Address(d.cfg.PublicHost), "/webhook") + "/healthz"
	status, _, err := d.get(ctx, address)
	switch {
	case err != nil:
		return finding{
			"address", checkFail, fmt.Sprintf("%s does not answer: %v", address, err),
			"start the bot, and look at the name, its certificate and the firewall",
		}
	case status != http.StatusOK:
		return finding{
			"address", checkFail, fmt.Sprintf("%s answers %d", address, status),
			"something else answers there, or a private Space asks for a login: make it public or protected",
		}
	}
	return d.checkReceiver(ctx)
}

// checkReceiver finds out whether the bot that runs takes the secret that is set here. It sends what is no JSON, which
// the bot refuses after it has looked at the secret, and keeps nothing of.
func (d *doctor) checkReceiver(ctx context.Context) finding {
	address := subscription.Address(d.cfg.PublicHost)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("a question of hfbot doctor"))
	if err != nil {
		return finding{"address", checkFail, err.Error(), "look at HFBOT_PUBLIC_HOST"}
	}
	if secrets := d.secrets(); len(secrets) > 0 {
		req.Header.Set("X-Webhook-Secret", secrets[0].Reveal())
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return finding{"address", checkFail, fmt.Sprintf("%s does not answer: %v", address, err), "start the bot"}
	}
	_ = resp.Body.Close() // only the status counts
	switch resp.StatusCode {
	case http.StatusBadRequest:
		return finding{"address", checkOK, address + " answers, and takes the webhook secret", ""}
	case http.StatusUnauthorized:
		return finding{
			"address", checkFail, "the bot at " + address + " has another webhook secret than is set here",
			"set the same WEBHOOK_SECRET in both places, and start the bot anew",
		}
	case http.StatusServiceUnavailable:
		return finding{"address", checkFail, address + " answers that it is not set up", "its page says what is missing"}
	}
	return finding{
		"address", checkFail, fmt.Sprintf("%s answers %d to a delivery", address, resp.StatusCode),
		"something else than the bot answers there; look at the proxy before it",
	}
}

// secrets are the webhook secrets that serve would take with these settings.
func (d *doctor) secrets() []hub.Secret {
	if len(d.cfg.WebhookSecrets) == 0 && d.cfg.ManagesWebhook() {
		return subscription.DeriveSecrets(d.cfg.Token, cmp.Or(d.cfg.SpaceID, d.cfg.PublicHost), d.cfg.SecretGeneration)
	}
	return d.cfg.WebhookSecrets
}

func (d *doctor) checkWebhook(ctx context.Context) finding {
	if d.client == nil || d.rules == nil || d.cfg.PublicHost == "" {
		return finding{"webhook", checkSkip, "needs a token, rules and public_host", ""}
	}
	interest := bot.Interest(d.rules)
	home, _, _ := strings.Cut(d.cfg.SpaceID, "/")
	watched, err := subscription.Watched(ctx, d.client, interest, d.cfg.Watch, cmp.Or(home, d.me.Name))
	if err != nil {
		return finding{"webhook", checkFail, err.Error(), ""}
	}
	wish := subscription.Wish{URL: subscription.Address(d.cfg.PublicHost), Watched: watched, Domains: interest.Domains, Secret: "set"}
	result, err := subscription.Sync(ctx, d.client, wish, true)
	switch {
	case err != nil:
		return finding{"webhook", checkFail, err.Error(), "give the token the permission for webhooks at " + tokenPage}
	case result.State == hub.WebhookSuspended:
		return finding{
			"webhook", checkFail, "the Hub has suspended webhook " + result.ID + " after failed deliveries",
			"see to it that the address answers, then: hfbot webhooks enable " + result.ID,
		}
	case result.State == hub.WebhookDisabled:
		return finding{
			"webhook", checkFail, "webhook " + result.ID + " is switched off, as a person has set it",
			"hfbot webhooks enable " + result.ID,
		}
	case result.ID == "":
		return finding{"webhook", checkFail, "the account has none that calls " + wish.URL, "hfbot webhooks sync makes it"}
	case len(result.Changes) > 0:
		return finding{
			"webhook", checkWarn, fmt.Sprintf("webhook %s should be changed: %s", result.ID, strings.Join(result.Changes, "; ")),
			"hfbot webhooks sync does it",
		}
	}
	return finding{"webhook", checkOK, result.ID + " calls the bot and watches " + subscription.Describe(watched), ""}
}

// get asks an address and returns status and header.
func (d *doctor) get(ctx context.Context, address string) (int, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		if u := new(url.Error); errors.As(err, &u) {
			err = u.Err // its text names the address again
		}
		return 0, nil, err
	}
	return resp.StatusCode, resp.Header, resp.Body.Close()
}
