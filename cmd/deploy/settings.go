package deploy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hfbot/hfbot/bot/subscription"
	"github.com/hfbot/hfbot/hub"
)

// The variables that deploy sets on a Space.
const (
	watchVariable      = "HFBOT_WATCH"
	generationVariable = "HFBOT_SECRET_GENERATION"
)

// secrets are those of the Space: the bot's token, what the rules take from the environment, and what the caller has.
func (d *deployment) secrets() []hub.SpaceSecretInput {
	values := map[string]hub.Secret{"HF_TOKEN": d.Token, "WEBHOOK_SECRET": d.Secret, "HFBOT_ADMIN_TOKEN": d.AdminToken}
	for _, r := range d.Rules.Rules {
		for _, s := range r.Steps {
			for _, name := range s.Secrets {
				value, ok := d.LookupEnv(name)
				if !ok {
					fmt.Fprintf(d.Out, "warning: rule %s needs the secret %s, which is not set here; set it here, or in the Space's settings\n",
						r.ID, name)
				}
				values[name] = hub.Secret(value)
			}
		}
	}
	var list []hub.SpaceSecretInput
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != "" {
			list = append(list, hub.SpaceSecretInput{Key: name, Value: values[name], Description: d.mark(name, values[name])})
		}
	}
	return list
}

// mark describes a secret so that a later call can tell whether it is still the same: the Hub never returns its value.
// Who can read it may change the Space, and a token or random secret cannot be guessed from it.
func (d *deployment) mark(name string, value hub.Secret) string {
	mac := hmac.New(sha256.New, []byte(value.Reveal()))
	_, _ = mac.Write([]byte(d.Space.Name + " " + name)) // a hash never fails
	return "set by hfbot deploy, mark " + hex.EncodeToString(mac.Sum(nil))[:10]
}

// variables are the Space's as they should be, given those it has.
func (d *deployment) variables(have map[string]string) []hub.SpaceVariable {
	var list []hub.SpaceVariable
	if watch := strings.Join(d.Watch, ","); watch != "" && have[watchVariable] != watch {
		list = append(list, hub.SpaceVariable{Key: watchVariable, Value: watch})
	}
	if d.Rotate && d.Secret == "" {
		next := strconv.Itoa(generation(have) + 1)
		list = append(list, hub.SpaceVariable{Key: generationVariable, Value: next, Description: "of the webhook secret"})
	}
	return list
}

func generation(variables map[string]string) int {
	n, _ := strconv.Atoi(variables[generationVariable]) // none is the first, 0
	return n
}

// settings changes the secrets and variables of an existing Space where they differ.
func (d *deployment) settings(ctx context.Context, secrets []hub.SpaceSecretInput) error {
	have, err := d.Client.SpaceSecrets(ctx, d.Space)
	if err != nil {
		return fmt.Errorf("list the Space's secrets (the token must be able to change the Space): %w", err)
	}
	for _, s := range secrets {
		if have[s.Key].Description == s.Description {
			continue
		}
		if !d.DryRun {
			if err := d.Client.PutSpaceSecret(ctx, d.Space, s); err != nil {
				return fmt.Errorf("set the secret %s: %w", s.Key, err)
			}
		}
		d.say("set the secret %s", s.Key)
	}
	variables, err := d.Client.SpaceVariables(ctx, d.Space)
	if err != nil {
		return fmt.Errorf("list the Space's variables: %w", err)
	}
	for _, v := range d.variables(variables) {
		if !d.DryRun {
			if err := d.Client.SetSpaceVariable(ctx, d.Space, v.Key, v.Value); err != nil {
				return fmt.Errorf("set the variable %s: %w", v.Key, err)
			}
		}
		d.say("set the variable %s to %s", v.Key, v.Value)
	}
	return nil
}

// current is the webhook secret that the bot on the Space expects now.
func (d *deployment) current(variables map[string]string) hub.Secret {
	if d.Secret != "" {
		first, _, _ := strings.Cut(d.Secret.Reveal(), ",")
		return hub.Secret(strings.TrimSpace(first))
	}
	return subscription.DeriveSecret(d.Token, d.Space.Name, generation(variables))
}
