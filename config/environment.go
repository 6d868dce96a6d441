package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// prefix begins the names in the environment that belong to hfbot.
const prefix = "HFBOT_"

// otherNames are names in the environment with hfbot's prefix that are no settings of a bot process.
var otherNames = []string{
	"HFBOT_CONFIG",      // the settings file
	"HFBOT_SPACE_TOKEN", // the token that hfbot deploy gives to the bot
	"HFBOT_SERVER",      // the address of a running bot, read by the commands that ask one
}

// linkNames begin what Kubernetes and Docker put into the environment of every container beside a service that is named
// hfbot: HFBOT_SERVICE_HOST, HFBOT_PORT_7860_TCP, … (https://kubernetes.io/docs/concepts/services-networking/service/).
var linkNames = []string{prefix + "SERVICE_", prefix + "PORT", prefix + "ENV_"}

// checkEnvironment refuses names that begin like a setting's but are none: a misspelt one would be left out in silence.
// environ is a list of NAME=value.
func checkEnvironment(environ []string) error {
	known := slices.Clone(otherNames)
	for _, s := range Settings {
		known = append(known, s.Env...)
	}
	var errs []error
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		link := slices.ContainsFunc(linkNames, func(begin string) bool { return strings.HasPrefix(name, begin) })
		if strings.HasPrefix(name, prefix) && !slices.Contains(known, name) && !link {
			errs = append(errs, fmt.Errorf("environment: unknown setting %s%s", name, nearest(name, known)))
		}
	}
	return errors.Join(errs...)
}
