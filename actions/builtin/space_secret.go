package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(spaceSecret{}) }

// spaceSecret sets a secret of a Space.
type spaceSecret struct{}

// secretIn is the inputs of space.secret.
type secretIn struct {
	Name   string `json:"name" required:"true" doc:"name of the secret"`
	Delete bool   `json:"delete" doc:"remove the secret instead"`
	spaceTarget
}

// Validate implements actions.Validator.
func (in *secretIn) Validate() error {
	if !settingName.MatchString(in.Name) {
		return fmt.Errorf("name must match %s, got %q", settingName, in.Name)
	}
	return nil
}

// Spec implements actions.Action.
func (spaceSecret) Spec() actions.Spec {
	return actions.Spec{
		ID:      "space.secret",
		Summary: "Set or remove a secret of a Space.",
		Description: "The value comes from the bot's environment and is never shown. A secret cannot be read again, so each " +
			"run sets it and the Space restarts; `once_per` keeps a rule from doing so too often.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteAccess,
		Idempotent: true,
		Secrets:    []actions.SecretSpec{{Name: "value", Doc: "the value; needed unless delete"}},
		Example:    "uses: space.secret\nwith: {space: acme/demo, name: API_KEY}\nsecrets: {value: DEMO_API_KEY}",
	}
}

// Run implements actions.Action.
func (spaceSecret) Run(ctx context.Context, rt *actions.Runtime, in secretIn) (settingOut, error) {
	space, err := in.resolve(rt)
	if err != nil {
		return settingOut{}, err
	}
	value := rt.Secret("value")
	if value == "" && !in.Delete {
		return settingOut{}, actions.Permanentf("give the secret value, or delete: true")
	}
	there, err := rt.Hub.SpaceSecrets(ctx, space)
	if err != nil {
		return settingOut{}, fmt.Errorf("read the secrets of %s: %w", space, err)
	}
	if _, known := there[in.Name]; in.Delete && !known {
		return settingOut{}, nil
	}
	if rt.DryRun {
		return settingOut{Changed: true}, nil
	}
	if in.Delete {
		err = rt.Hub.DeleteSpaceSecret(ctx, space, in.Name)
	} else {
		err = rt.Hub.SetSpaceSecret(ctx, space, in.Name, value)
	}
	if err != nil {
		return settingOut{}, fmt.Errorf("change secret %s of %s: %w", in.Name, space, err)
	}
	return settingOut{Changed: true}, nil
}
