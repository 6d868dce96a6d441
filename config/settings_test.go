package config_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/hfbot/hfbot/config"
)

var update = flag.Bool("update", false, "write docs/settings.md anew")

func TestSettingsDocument(t *testing.T) {
	t.Parallel()
	const path = "../docs/settings.md"
	want := document()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale; run `go test ./config -update` (-want +got):\n%s", path, diff)
	}
}

// document renders the table of settings as docs/settings.md.
func document() string {
	var b strings.Builder
	b.WriteString("# Settings\n\n<!-- Made from config/settings.go by `go test ./config -update`; do not edit. -->\n\n" +
		"Flags win over the environment, the environment over the settings file, the file over the defaults. The file is " +
		"`hfbot.yaml` in the current folder, or the one that `--config` or `HFBOT_CONFIG` names. A key it does not know is " +
		"an error. Secrets come from the environment only.\n\n" +
		"| in the file | flag | environment | type | default | meaning |\n|---|---|---|---|---|---|\n")
	for _, s := range config.Settings {
		key, flagName, kind := code(s.Key), "–", string(s.Kind)
		if s.Secret {
			key = "–"
		}
		if s.Flag() != "" {
			flagName = code("--" + s.Flag())
		}
		if len(s.OneOf) > 0 {
			kind = "one of " + code(s.OneOf...)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n",
			key, flagName, code(s.Env...), kind, code(s.Default), s.Doc)
	}
	b.WriteString("\nTraces are set by OpenTelemetry's own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`; see " +
		"[operations.md](operations.md#traces).\n")
	return b.String()
}

// code sets words in code, an empty one as a dash.
func code(words ...string) string {
	var set []string
	for _, w := range words {
		if w != "" {
			set = append(set, "`"+w+"`")
		}
	}
	if len(set) == 0 {
		return "–"
	}
	return strings.Join(set, ", ")
}

func TestEverySettingHasAFlagOrAReason(t *testing.T) {
	t.Parallel()
	for _, s := range config.Settings {
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		if s.Flag() != "" {
			config.AddFlags(flags, s.Key)
		}
		if got, want := flags.Lookup(s.Flag()) != nil, !s.Secret && !s.NoFlag; got != want {
			t.Errorf("setting %s: has a flag: %t, want %t", s.Key, got, want)
		}
	}
}

func TestAddFlagsOfNoSetting(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"nothing", "token"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Errorf("AddFlags(%q) did not panic", key)
				}
			}()
			config.AddFlags(pflag.NewFlagSet("test", pflag.ContinueOnError), key)
		})
	}
}

// TestProxies: on a Space strangers come by the Hub's proxies, elsewhere a private address may be anybody's.
func TestProxies(t *testing.T) {
	t.Parallel()
	const private, own = "10.0.0.0/8", "127.0.0.0/8"
	for name, test := range map[string]struct {
		config  config.Config
		private bool
		own     bool
	}{
		"by itself":  {config.Config{}, false, true},
		"on a Space": {config.Config{SpaceID: "acme/bot"}, true, true},
		"set":        {config.Config{SpaceID: "acme/bot", TrustedProxies: []string{"172.18.0.2"}}, false, false},
	} {
		got := test.config.Proxies()
		if slices.Contains(got, private) != test.private || slices.Contains(got, own) != test.own {
			t.Errorf("%s: %v", name, got)
		}
	}
}
