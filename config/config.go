package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/internal/database"
)

// shortestLease is what an instance needs to say in time that it is alive.
const shortestLease = time.Second

// Config is the settings of a bot process, checked.
type Config struct {
	Rules              []string      `mapstructure:"rules"`
	Listen             string        `mapstructure:"listen"`
	Database           string        `mapstructure:"database"`
	WorkDir            string        `mapstructure:"work_dir"`
	Workers            int           `mapstructure:"workers"`
	Lease              time.Duration `mapstructure:"lease"`
	KeepFor            time.Duration `mapstructure:"keep_for"`
	KeepNewest         int           `mapstructure:"keep_newest"`
	Endpoint           string        `mapstructure:"endpoint"`
	Token              hub.Secret    `mapstructure:"token"`
	WebhookSecrets     []hub.Secret  `mapstructure:"webhook_secret"`
	ManageWebhook      string        `mapstructure:"manage_webhook"`
	SecretGeneration   int           `mapstructure:"secret_generation"`
	Watch              []string      `mapstructure:"watch"`
	InsecureNoSecret   bool          `mapstructure:"insecure_no_secret"`
	AdminToken         hub.Secret    `mapstructure:"admin_token"`
	AllowedUsers       []string      `mapstructure:"allowed_users"`
	AllowedOrgs        []string      `mapstructure:"allowed_orgs"`
	OAuthClientID      string        `mapstructure:"oauth_client_id"`
	OAuthClientSecret  hub.Secret    `mapstructure:"oauth_client_secret"`
	OpenIDProvider     string        `mapstructure:"openid_provider"`
	DryRun             bool          `mapstructure:"dry_run"`
	AllowEgress        []string      `mapstructure:"allow_egress"`
	AllowPrivateEgress bool          `mapstructure:"allow_private_egress"`
	TrustedProxies     []string      `mapstructure:"trusted_proxies"`
	PublicHost         string        `mapstructure:"public_host"`
	SpaceID            string        `mapstructure:"space_id"`
	LogLevel           string        `mapstructure:"log_level"`
	LogFormat          string        `mapstructure:"log_format"`
}

// ErrNoWebhookSecret is why a bot does not start to receive: anybody could make it act.
var ErrNoWebhookSecret = errors.New("no webhook secret: set WEBHOOK_SECRET to the secret of the webhook, " +
	"or pass --insecure-no-secret to accept deliveries from anybody")

// ManagesWebhook tells whether the bot looks after its own webhook on the Hub.
func (c *Config) ManagesWebhook() bool {
	if c.PublicHost == "" || c.Token == "" || c.ManageWebhook == "off" {
		return false
	}
	return c.ManageWebhook == "on" || c.OnSpace()
}

// OnSpace tells whether the bot runs on a Space of the Hub, which sets SPACE_ID and SPACE_HOST
// (https://huggingface.co/docs/hub/spaces-overview#helper-environment-variables).
func (c *Config) OnSpace() bool { return c.SpaceID != "" || os.Getenv("SPACE_HOST") != "" }

// Proxies are the addresses and networks of proxies in front of the bot: those that are set, else this machine's, and on a
// Space all private ones, since nobody reaches it but by the Hub's.
func (c *Config) Proxies() []string {
	own := []string{"127.0.0.0/8", "::1"}
	switch {
	case len(c.TrustedProxies) > 0:
		return c.TrustedProxies
	case c.OnSpace():
		return append(own, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
	}
	return own
}

// RequireWebhookSecret fails when there is no webhook secret and nobody asked to go without.
func (c *Config) RequireWebhookSecret() error {
	if len(c.WebhookSecrets) == 0 && !c.InsecureNoSecret {
		return ErrNoWebhookSecret
	}
	return nil
}

// check tells everything that is wrong with the values.
func (c *Config) check() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("setting %s: "+format, append([]any{key}, args...)...))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		wrong("listen", "%q is no address; write it as host:port, such as 127.0.0.1:7860", c.Listen)
	}
	if _, sqlite := database.SQLite(c.Database); !sqlite && !database.Postgres(c.Database) {
		// The URL of a PostgreSQL database may hold a password, so it is not shown.
		wrong("database", "it must be sqlite:PATH or postgres://…")
	}
	if u, err := url.Parse(c.Endpoint); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		wrong("endpoint", "%q is no http or https URL", c.Endpoint)
	}
	for key, secret := range map[string]hub.Secret{"token (HF_TOKEN)": c.Token, "admin_token (HFBOT_ADMIN_TOKEN)": c.AdminToken} {
		if !headerText(secret.Reveal()) {
			wrong(key, "it has a character that cannot be sent in a header, such as a line end; copy it again")
		}
	}
	if c.KeepFor < 0 || c.KeepNewest < 0 {
		wrong("keep_for, keep_newest", "they are not below 0, which keeps everything")
	}
	if c.Lease < shortestLease {
		wrong("lease", "%s is shorter than %s", c.Lease, shortestLease)
	}
	if c.SecretGeneration < 0 {
		wrong("secret_generation", "%d is negative; it counts up from 0", c.SecretGeneration)
	}
	if c.Workers < 0 {
		wrong("workers", "%d is negative; 0 leaves it to the bot", c.Workers)
	}
	for key, value := range map[string]string{
		"log_level": c.LogLevel, "log_format": c.LogFormat, "manage_webhook": c.ManageWebhook,
	} {
		if s, _ := find(key); !slices.Contains(s.OneOf, value) {
			wrong(key, "%q is none of %s", value, strings.Join(s.OneOf, ", "))
		}
	}
	return errors.Join(errs...)
}

// headerText tells whether a text may stand in an HTTP header: visible ASCII without spaces.
func headerText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
