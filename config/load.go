package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/hfbot/hfbot/hub"
)

// SpaceListen is the default address on a Space, whose proxy comes from outside the container.
const SpaceListen = "0.0.0.0:7860"

// AddFlags defines the flags of the named settings, and --config for the file.
func AddFlags(flags *pflag.FlagSet, keys ...string) {
	flags.String("config", "", "settings file (default: "+FileName+" in this folder, if it is there)")
	for _, key := range keys {
		s, ok := find(key)
		if !ok || s.Flag() == "" {
			panic("config: no setting with a flag is named " + key)
		}
		usage := strings.ReplaceAll(s.Doc, "`", "")
		switch s.Kind {
		case List:
			flags.StringSlice(s.Flag(), nil, usage)
		case Switch:
			flags.Bool(s.Flag(), false, usage)
		case Number:
			flags.Int(s.Flag(), 0, usage)
		case Text:
			flags.String(s.Flag(), "", usage+defaultNote(s))
		}
	}
}

func defaultNote(s Setting) string {
	if s.Default == "" {
		return ""
	}
	return " (default " + s.Default + ")"
}

// Load reads the settings. flags may be nil; of its flags, those made by AddFlags and given by the user count.
func Load(flags *pflag.FlagSet) (*Config, error) {
	v := viper.New()
	for _, s := range Settings {
		if s.Default != "" {
			v.SetDefault(s.Key, s.Default)
		}
		if err := v.BindEnv(append([]string{s.Key}, s.Env...)...); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(checkEnvironment(os.Environ()), readFile(v, flags)); err != nil {
		return nil, err
	}
	if v.GetString("space_id") != "" {
		v.SetDefault("listen", SpaceListen)
	}
	if err := bindFlags(v, flags); err != nil {
		return nil, err
	}
	if err := checkScalars(v); err != nil {
		return nil, err
	}
	var c Config
	decode := mapstructure.ComposeDecodeHookFunc(splitList, mapstructure.StringToTimeDurationHookFunc())
	if err := v.UnmarshalExact(&c, viper.DecodeHook(decode)); err != nil {
		return nil, fmt.Errorf("read the settings: %w", plain(err))
	}
	// A token that was pasted or read from a file ends with a line end as often as not.
	c.Token, c.AdminToken = trim(c.Token), trim(c.AdminToken)
	if err := c.check(); err != nil {
		return nil, err
	}
	return &c, nil
}

func trim(s hub.Secret) hub.Secret { return hub.Secret(strings.TrimSpace(s.Reveal())) }

// bindFlags puts the given flags over all else.
func bindFlags(v *viper.Viper, flags *pflag.FlagSet) error {
	if flags == nil {
		return nil
	}
	for _, s := range Settings {
		if f := flags.Lookup(s.Flag()); f != nil && s.Flag() != "" {
			if err := v.BindPFlag(s.Key, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFile merges the settings file. The default one may be absent, a named one may not.
func readFile(v *viper.Viper, flags *pflag.FlagSet) error {
	path, named := FileName, false
	if env := os.Getenv("HFBOT_CONFIG"); env != "" {
		path, named = env, true
	}
	if flags != nil {
		if f := flags.Lookup("config"); f != nil && f.Changed {
			path, named = f.Value.String(), true
		}
	}
	if _, err := os.Stat(path); !named && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	// A reader of its own shows which keys stand in the file, before defaults and environment mix in.
	file := viper.New()
	file.SetConfigFile(path)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		return fmt.Errorf("read settings from %s: %w", path, err)
	}
	settings := file.AllSettings()
	if err := checkKeys(path, slices.Sorted(maps.Keys(settings))); err != nil {
		return err
	}
	return v.MergeConfigMap(settings)
}

// checkKeys refuses keys that are no settings and secrets, all of them at once.
func checkKeys(path string, keys []string) error {
	var errs []error
	for _, key := range keys {
		s, known := find(key)
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("%s: unknown setting %q%s", path, key, suggestion(key)))
		case s.Secret:
			errs = append(errs, fmt.Errorf("%s: %s is a secret and does not belong in a file; set %s in the environment",
				path, key, s.Env[0]))
		}
	}
	return errors.Join(errs...)
}

// plain unwraps the decoder's error from its Go types' names; its parts name the key and what is wrong with it.
func plain(err error) error {
	var parts interface{ Unwrap() []error }
	if !errors.As(err, &parts) {
		return err
	}
	return errors.Join(parts.Unwrap()...)
}
