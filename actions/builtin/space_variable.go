package builtin

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(spaceVariable{}) }

// spaceVariable sets a variable of a Space.
type spaceVariable struct{}

// variableIn is the inputs of space.variable.
type variableIn struct {
	Name   string `json:"name" required:"true" doc:"name of the variable"`
	Value  string `json:"value" doc:"its value, which everyone may see"`
	Delete bool   `json:"delete" doc:"remove the variable instead"`
	spaceTarget
}

// settingOut is the outputs of space.variable and space.secret.
type settingOut struct {
	Changed bool `json:"changed" doc:"the Space was changed, and so restarts"`
}

// settingName is the shape of a variable's or secret's name (https://huggingface.co/spaces/huggingface/openapi).
var settingName = regexp.MustCompile(`^[a-zA-Z][_a-zA-Z0-9]*$`)

// Validate implements actions.Validator.
func (in *variableIn) Validate() error {
	if !settingName.MatchString(in.Name) {
		return fmt.Errorf("name must match %s, got %q", settingName, in.Name)
	}
	if in.Delete && in.Value != "" {
		return errors.New("give value or delete, not both")
	}
	return nil
}

// Spec implements actions.Action.
func (spaceVariable) Spec() actions.Spec {
	return actions.Spec{
		ID:          "space.variable",
		Summary:     "Set or remove a variable of a Space.",
		Description: "A Space restarts when a variable changes; one that has the value already is left alone.",
		Effect:      actions.HubWrite,
		Access:      actions.WriteAccess,
		Idempotent:  true,
		Example:     "uses: space.variable\nwith: {space: acme/demo, name: MODEL_SHA, value: \"${{ sha }}\"}",
	}
}

// Run implements actions.Action.
func (spaceVariable) Run(ctx context.Context, rt *actions.Runtime, in variableIn) (settingOut, error) {
	space, err := in.resolve(rt)
	if err != nil {
		return settingOut{}, err
	}
	variables, err := rt.Hub.SpaceVariables(ctx, space)
	if err != nil {
		return settingOut{}, fmt.Errorf("read the variables of %s: %w", space, err)
	}
	old, there := variables[in.Name]
	if in.Delete && !there || !in.Delete && there && old == in.Value {
		return settingOut{}, nil
	}
	if rt.DryRun {
		return settingOut{Changed: true}, nil
	}
	if in.Delete {
		err = rt.Hub.DeleteSpaceVariable(ctx, space, in.Name)
	} else {
		err = rt.Hub.SetSpaceVariable(ctx, space, in.Name, in.Value)
	}
	if err != nil {
		return settingOut{}, fmt.Errorf("change variable %s of %s: %w", in.Name, space, err)
	}
	return settingOut{Changed: true}, nil
}
