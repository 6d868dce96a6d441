package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(spaceRestart{}) }

// spaceRestart restarts a Space.
type spaceRestart struct{}

// spaceTarget is the Space an action works on.
type spaceTarget struct {
	Space string `json:"space" doc:"Space to work on, such as acme/app; the event's by default"`
}

// resolve names the Space.
func (in spaceTarget) resolve(rt *actions.Runtime) (hub.RepoRef, error) {
	if in.Space == "" && (rt.Event == nil || rt.Event.Repo.Type != hub.Space) {
		return hub.RepoRef{}, actions.Permanentf("the event is about no Space: give space")
	}
	return actions.Target{Repo: in.Space, RepoType: string(hub.Space)}.Resolve(rt)
}

// restartIn is the inputs of space.restart.
type restartIn struct {
	spaceTarget
	Factory bool `json:"factory" doc:"build it anew first, without a cache"`
}

// restartOut is the outputs of space.restart.
type restartOut struct {
	URL    string `json:"url" doc:"page of the Space"`
	Before string `json:"before" doc:"stage it was in, such as RUNNING or RUNTIME_ERROR"`
}

// Spec implements actions.Action.
func (spaceRestart) Spec() actions.Spec {
	return actions.Spec{
		ID:          "space.restart",
		Summary:     "Restart a Space.",
		Description: "Static Spaces cannot be restarted.",
		Effect:      actions.HubWrite,
		Access:      actions.WriteAccess,
		Idempotent:  true,
		Example:     "uses: space.restart\nwith: {space: acme/demo, factory: true}",
	}
}

// Run implements actions.Action.
func (spaceRestart) Run(ctx context.Context, rt *actions.Runtime, in restartIn) (restartOut, error) {
	space, err := in.resolve(rt)
	if err != nil {
		return restartOut{}, err
	}
	state, err := rt.Hub.SpaceRuntime(ctx, space)
	if err != nil {
		return restartOut{}, fmt.Errorf("read the state of %s: %w", space, err)
	}
	out := restartOut{URL: rt.Hub.RepoURL(space), Before: state.Stage}
	if rt.DryRun {
		return out, nil
	}
	if err := rt.Hub.RestartSpace(ctx, space, in.Factory); err != nil {
		return restartOut{}, fmt.Errorf("restart %s: %w", space, err)
	}
	return out, nil
}
