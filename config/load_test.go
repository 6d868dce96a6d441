package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// clean gives a test a folder of its own and an environment in which no setting is set. Tests that use it cannot run in
// parallel, because folder and environment belong to the process.
func clean(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("HFBOT_CONFIG", "")
	for _, s := range config.Settings {
		for _, name := range s.Env {
			t.Setenv(name, "")
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func parse(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.AddFlags(flags, "rules", "listen", "database", "workers", "insecure_no_secret", "log_level")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return flags
}

func TestLoadDefaults(t *testing.T) {
	clean(t)
	got, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Listen: "127.0.0.1:7860", Database: "sqlite:data/hfbot.db", Endpoint: "https://huggingface.co",
		LogLevel: "info", LogFormat: "text", ManageWebhook: "auto", Lease: 20 * time.Second,
		KeepFor: 2160 * time.Hour, KeepNewest: 1_000_000,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings without any source (-want +got):\n%s", diff)
	}
}

func TestLoadPrecedence(t *testing.T) {
	for _, tc := range []struct {
		name, file, env string
		flags           []string
		want            string
	}{
		{"file over default", "listen: 127.0.0.1:1", "", nil, "127.0.0.1:1"},
		{"environment over file", "listen: 127.0.0.1:1", "127.0.0.1:2", nil, "127.0.0.1:2"},
		{"flag over environment", "listen: 127.0.0.1:1", "127.0.0.1:2", []string{"--listen", "127.0.0.1:3"}, "127.0.0.1:3"},
		{"a flag of another setting changes nothing", "", "127.0.0.1:2", []string{"--workers", "3"}, "127.0.0.1:2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clean(t)
			write(t, config.FileName, tc.file)
			t.Setenv("HFBOT_LISTEN", tc.env)
			got, err := config.Load(parse(t, tc.flags...))
			if err != nil {
				t.Fatal(err)
			}
			if got.Listen != tc.want {
				t.Errorf("listen = %q, want %q", got.Listen, tc.want)
			}
		})
	}
}

func TestLoadEnvironment(t *testing.T) {
	clean(t)
	for name, value := range map[string]string{
		"HF_TOKEN": " hf_a\n", "HFBOT_SERVICE_HOST": "10.0.0.1", "HFBOT_PORT_7860_TCP": "tcp://10.0.0.1:7860", "HF_ENDPOINT": "http://127.0.0.1:9", "WEBHOOK_SECRET": "new, old,", "SPACE_ID": "acme/bot",
		"SPACE_HOST": "acme-bot.hf.space", "HFBOT_RULES": "a.yaml,b", "HFBOT_WORKERS": "4", "HFBOT_ADMIN_TOKEN": "adm",
		"HFBOT_INSECURE_NO_SECRET": "true", "HFBOT_LOG_FORMAT": "json", "HFBOT_DATABASE": "postgres://h/db",
	} {
		t.Setenv(name, value)
	}
	got, err := config.Load(parse(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Rules: []string{"a.yaml", "b"}, Listen: config.SpaceListen, Database: "postgres://h/db", Workers: 4,
		Endpoint: "http://127.0.0.1:9", Token: "hf_a", WebhookSecrets: []hub.Secret{"new", "old"},
		InsecureNoSecret: true, AdminToken: "adm", PublicHost: "acme-bot.hf.space", SpaceID: "acme/bot",
		LogLevel: "info", LogFormat: "json", ManageWebhook: "auto", Lease: 20 * time.Second,
		KeepFor: 2160 * time.Hour, KeepNewest: 1_000_000,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings from the environment (-want +got):\n%s", diff)
	}
	if text := fmt.Sprintf("%v %+v %#v", *got, *got, *got); strings.Contains(text, "hf_a") ||
		strings.Contains(text, "adm\"") || strings.Contains(text, "old") {
		t.Errorf("printing the settings shows a secret: %s", text)
	}
}

func TestLoadSpaceKeepsAChosenAddress(t *testing.T) {
	clean(t)
	t.Setenv("SPACE_ID", "acme/bot")
	write(t, config.FileName, "listen: 127.0.0.1:1")
	got, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:1" {
		t.Errorf("listen = %q, the file's address should win over the Space's default", got.Listen)
	}
}

func TestLoadFileChoice(t *testing.T) {
	clean(t)
	write(t, "by-env.yaml", "workers: 1")
	write(t, "by-flag.yaml", "workers: 2")
	t.Setenv("HFBOT_CONFIG", "by-env.yaml")
	for want, flags := range map[int]*pflag.FlagSet{1: parse(t), 2: parse(t, "--config", "by-flag.yaml")} {
		got, err := config.Load(flags)
		if err != nil {
			t.Fatal(err)
		}
		if got.Workers != want {
			t.Errorf("workers = %d, want %d", got.Workers, want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		env        map[string]string
		want       []string // all in the error
	}{
		{
			"unknown keys", "lisen: :1\nfoobarbaz: 2", nil,
			[]string{`unknown setting "lisen" (did you mean "listen"?)`, `"foobarbaz"`},
		},
		{"secret in the file", "webhook_secret: s3cr3t", nil, []string{"webhook_secret is a secret", "set WEBHOOK_SECRET"}},
		{"not YAML", "listen: [", nil, []string{"read settings from hfbot.yaml"}},
		{"wrong type", "workers: many", nil, []string{"workers"}},
		{"folder for a scalar", "listen: {host: a}", nil, []string{"listen"}},
		{"address", "listen: nowhere", nil, []string{"setting listen", "host:port"}},
		{"database", "database: mysql://root:hush@h/db", nil, []string{"setting database", "postgres://"}},
		{"endpoint", "", map[string]string{"HF_ENDPOINT": "huggingface.co"}, []string{"setting endpoint"}},
		{"lease too short", "lease: 10ms", nil, []string{"setting lease", "shorter than 1s"}},
		{"lease without a unit", "lease: fast", nil, []string{"lease"}},
		{"workers", "workers: -1", nil, []string{"setting workers"}},
		{"number of the environment", "", map[string]string{"HFBOT_WORKERS": "many"}, []string{`setting workers: "many" is no whole number`}},
		{"switch", "", map[string]string{"HFBOT_INSECURE_NO_SECRET": "maybe"}, []string{"neither true nor false"}},
		{
			"unknown names in the environment", "",
			map[string]string{"HFBOT_DATABSE": "x", "HFBOT_FROBNICATE": "y"},
			[]string{`unknown setting HFBOT_DATABSE (did you mean "HFBOT_DATABASE"?)`, "HFBOT_FROBNICATE; docs/settings.md lists them"},
		},
		{"token of two lines", "", map[string]string{"HF_TOKEN": "s3cr3t\nx"}, []string{"HF_TOKEN", "copy it again"}},
		{"level", "log_level: loud", nil, []string{"setting log_level", "debug, info, warn, error"}},
		{"format", "log_format: xml", nil, []string{"setting log_format"}},
		{"missing file", "", map[string]string{"HFBOT_CONFIG": "gone.yaml"}, []string{"gone.yaml"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clean(t)
			write(t, config.FileName, tc.file)
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			got, err := config.Load(nil)
			if err == nil {
				t.Fatalf("Load = %+v, want an error with %q", got, tc.want)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			for _, secret := range []string{"s3cr3t", "hush"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q shows a secret", err)
				}
			}
		})
	}
}

func TestExampleFileLoads(t *testing.T) {
	example, err := filepath.Abs("hfbot.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	clean(t)
	got, err := config.Load(parse(t, "--config", example))
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Rules: []string{"rules.yaml"}, Listen: "127.0.0.1:7860", Database: "sqlite:data/hfbot.db", Workers: 4,
		Endpoint: "https://huggingface.co", PublicHost: "bot.example.org", LogLevel: "info", LogFormat: "text", ManageWebhook: "auto", Lease: 20 * time.Second,
		KeepFor: 2160 * time.Hour, KeepNewest: 1_000_000,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings of the example (-want +got):\n%s", diff)
	}
}

func TestRequireWebhookSecret(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		give config.Config
		want error
	}{
		{"none", config.Config{}, config.ErrNoWebhookSecret},
		{"secret", config.Config{WebhookSecrets: []hub.Secret{"s"}}, nil},
		{"asked for", config.Config{InsecureNoSecret: true}, nil},
	} {
		if err := tc.give.RequireWebhookSecret(); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestManagesWebhook(t *testing.T) {
	for _, tc := range []struct {
		name string
		give config.Config
		want bool
	}{
		{"own server", config.Config{PublicHost: "h", Token: "t", ManageWebhook: "auto"}, false},
		{"own server that asks for it", config.Config{PublicHost: "h", Token: "t", ManageWebhook: "on"}, true},
		{"Space", config.Config{PublicHost: "h", Token: "t", SpaceID: "a/b", ManageWebhook: "auto"}, true},
		{"Space that does not want it", config.Config{PublicHost: "h", Token: "t", SpaceID: "a/b", ManageWebhook: "off"}, false},
		{"no token", config.Config{PublicHost: "h", SpaceID: "a/b", ManageWebhook: "on"}, false},
		{"no host", config.Config{Token: "t", SpaceID: "a/b", ManageWebhook: "on"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clean(t)
			if got := tc.give.ManagesWebhook(); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
