package config

import (
	"slices"
	"strings"
)

// FileName is the settings file that is read from the current folder when no other is named.
const FileName = "hfbot.yaml"

// Kind is the type of a setting's value.
type Kind string

// The kinds of settings.
const (
	Text   Kind = "text"
	Number Kind = "number"
	Switch Kind = "true or false"
	List   Kind = "list"
)

// Setting is one row of the table of settings.
type Setting struct {
	Key     string   // in hfbot.yaml; the flag is the same with dashes
	Kind    Kind     // type of the value
	Env     []string // names in the environment, the first set one wins
	Default string   // as text; empty: none
	OneOf   []string // the only values, empty: any
	Secret  bool     // comes from the environment only, so that it cannot be committed with the file or seen in ps
	NoFlag  bool     // describes the place the bot runs in, so there is no flag for it
	Doc     string   // one or two sentences
}

// Flag is the name of the setting's command line flag, empty when it has none.
func (s Setting) Flag() string {
	if s.Secret || s.NoFlag {
		return ""
	}
	return strings.ReplaceAll(s.Key, "_", "-")
}

// Settings is the table of all settings, in the order in which they are documented.
var Settings = []Setting{
	{
		Key: "rules", Kind: List, Env: []string{"HFBOT_RULES"},
		Doc: "Rule files and folders; also files on the Hub, as `hf://datasets/OWNER/NAME/rules.yaml` or " +
			"`hf://spaces/OWNER/NAME@main/rules.yaml`, which are in force soon after a push. Without it `rules.yaml` is taken, " +
			"else the folder `rules`.",
	},
	{
		Key: "listen", Kind: Text, Env: []string{"HFBOT_LISTEN"}, Default: "127.0.0.1:7860",
		Doc: "Address to listen on; port 0 takes a free one. On a Space (`SPACE_ID` is set) the default is `0.0.0.0:7860`.",
	},
	{
		Key: "database", Kind: Text, Env: []string{"HFBOT_DATABASE"}, Default: "sqlite:data/hfbot.db",
		Doc: "Where deliveries and runs are kept: `sqlite:PATH` or `postgres://…`.",
	},
	{
		Key: "work_dir", Kind: Text, Env: []string{"HFBOT_WORK_DIR"},
		Doc: "Folder under which steps get their work folders. Without it the system's temporary folder is taken.",
	},
	{
		Key: "workers", Kind: Number, Env: []string{"HFBOT_WORKERS"}, Default: "0",
		Doc: "How many runs are worked at the same time; 0 leaves it to the bot.",
	},
	{
		Key: "lease", Kind: Text, Env: []string{"HFBOT_LEASE"}, Default: "20s",
		Doc: "How long an instance that fell silent keeps the work it has begun; then another one takes it up. Shorter is " +
			"faster when an instance dies, but a busy machine must not stand still for so long.",
	},
	{
		Key: "keep_for", Kind: Text, Env: []string{"HFBOT_KEEP_FOR"}, Default: "2160h",
		Doc: "How long deliveries and their runs are kept (2160h are 90 days); 0 keeps them whatever their age.",
	},
	{
		Key: "keep_newest", Kind: Number, Env: []string{"HFBOT_KEEP_NEWEST"}, Default: "1000000",
		Doc: "How many deliveries are kept, the newest; 0 keeps them whatever their number.",
	},
	{
		Key: "endpoint", Kind: Text, Env: []string{"HF_ENDPOINT"}, Default: "https://huggingface.co",
		Doc: "Base URL of the Hub.",
	},
	{
		Key: "token", Kind: Text, Env: []string{"HF_TOKEN"}, Secret: true,
		Doc: "Token of the bot's account on the Hub. Without it the bot reads what is public and writes nothing.",
	},
	{
		Key: "webhook_secret", Kind: List, Env: []string{"WEBHOOK_SECRET"}, Secret: true,
		Doc: "The secret that the Hub sends with each delivery. Several, separated by commas, are valid at once, " +
			"so that it can be rotated.",
	},
	{
		Key: "manage_webhook", Kind: Text, Env: []string{"HFBOT_MANAGE_WEBHOOK"}, Default: "auto",
		OneOf: []string{"auto", "on", "off"},
		Doc: "Whether the bot makes and mends its webhook on the Hub: `auto` on a Space, `on` wherever `public_host` is set. " +
			"Its secret is the first of `WEBHOOK_SECRET`; without one it is derived from `HF_TOKEN`.",
	},
	{
		Key: "secret_generation", Kind: Number, Env: []string{"HFBOT_SECRET_GENERATION"}, Default: "0",
		Doc: "Count it up to rotate a derived webhook secret; the one before stays valid, so that no delivery is lost. " +
			"`hfbot deploy --rotate-secret` does.",
	},
	{
		Key: "watch", Kind: List, Env: []string{"HFBOT_WATCH"},
		Doc: "What the webhook watches beside the repositories that rules name: users, organisations, `TYPE:OWNER/NAME`. " +
			"Without it, rules that leave it open get the repositories of the Space's owner, else of the token's.",
	},
	{
		Key: "insecure_no_secret", Kind: Switch, Env: []string{"HFBOT_INSECURE_NO_SECRET"}, Default: "false",
		Doc: "Start without a webhook secret; anybody who reaches the bot can then make it act.",
	},
	{
		Key: "admin_token", Kind: Text, Env: []string{"HFBOT_ADMIN_TOKEN"}, Secret: true,
		Doc: "Bearer token of the dashboard and of `/api/v1`. Without it only callers on loopback get in, and who signs in.",
	},
	{
		Key: "allowed_users", Kind: List, Env: []string{"HFBOT_ALLOWED_USERS"},
		Doc: "Accounts of the Hub that may sign in to the dashboard. On a Space its owner may anyway: the user, or admins and " +
			"writers of the organisation.",
	},
	{
		Key: "allowed_orgs", Kind: List, Env: []string{"HFBOT_ALLOWED_ORGS"},
		Doc: "Organisations of the Hub whose members may sign in to the dashboard.",
	},
	{
		Key: "oauth_client_id", Kind: Text, Env: []string{"HFBOT_OAUTH_CLIENT_ID", "OAUTH_CLIENT_ID"}, NoFlag: true,
		Doc: "Client of Sign in with Hugging Face. A Space with `hf_oauth: true` sets `OAUTH_CLIENT_ID` by itself; elsewhere " +
			"make an app in the Hub's settings that leads back to `/login/callback`.",
	},
	{
		Key: "oauth_client_secret", Kind: Text, Env: []string{"HFBOT_OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_SECRET"}, Secret: true,
		Doc: "Secret of that client.",
	},
	{
		Key: "openid_provider", Kind: Text, Env: []string{"OPENID_PROVIDER_URL"}, NoFlag: true,
		Doc: "Base URL of who signs people in. Without it the Hub's.",
	},
	{
		Key: "allow_egress", Kind: List, Env: []string{"HFBOT_ALLOW_EGRESS"},
		Doc: "Addresses and networks that actions may call although they are not public, such as `10.0.0.5` or `10.1.0.0/16`.",
	},
	{
		Key: "allow_private_egress", Kind: Switch, Env: []string{"HFBOT_ALLOW_PRIVATE_EGRESS"}, Default: "false",
		Doc: "Let actions call private and loopback addresses.",
	},
	{
		Key: "dry_run", Kind: Switch, Env: []string{"HFBOT_DRY_RUN"}, Default: "false",
		Doc: "Run the steps of all rules without their effects: they read, and write nothing.",
	},
	{
		Key: "trusted_proxies", Kind: List, Env: []string{"HFBOT_TRUSTED_PROXIES"},
		Doc: "Addresses and networks of proxies in front of the bot, such as `172.18.0.2` or `10.0.0.0/8`: their `X-Forwarded-For` " +
			"tells who tries tokens on the dashboard's form. Without it this machine's; on a Space private addresses too.",
	},
	{
		Key: "public_host", Kind: Text, Env: []string{"HFBOT_PUBLIC_HOST", "SPACE_HOST"},
		Doc: "Host name under which the world reaches the bot. A Space sets `SPACE_HOST` by itself.",
	},
	{
		Key: "space_id", Kind: Text, Env: []string{"SPACE_ID"}, NoFlag: true,
		Doc: "The Space the bot runs on, `owner/name`; a Space sets it by itself.",
	},
	{
		Key: "log_level", Kind: Text, Env: []string{"HFBOT_LOG_LEVEL"}, Default: "info",
		OneOf: []string{"debug", "info", "warn", "error"}, Doc: "The least severe message that is logged.",
	},
	{
		Key: "log_format", Kind: Text, Env: []string{"HFBOT_LOG_FORMAT"}, Default: "text",
		OneOf: []string{"text", "json"}, Doc: "How log lines are written to standard error.",
	},
}

// find returns the setting with a key.
func find(key string) (Setting, bool) {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return Settings[i], true
}
